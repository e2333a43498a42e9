//! Finding the provider below a running `terraform`, by parentage in `/proc` (Linux only, like these tests).

use std::collections::HashMap;
use std::fs;

use rustix::process::Pid;

/// The processes below `ancestor` whose program is a Terraform provider, nearest first.
pub(crate) fn providers_below(ancestor: Pid) -> Vec<Pid> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for (pid, parent) in all() {
        children.entry(parent).or_default().push(pid);
    }
    let mut found = Vec::new();
    let mut level = vec![ancestor.as_raw_pid()];
    while !level.is_empty() {
        level = level.iter().flat_map(|pid| children.get(pid).into_iter().flatten().copied()).collect();
        found.extend(level.iter().copied().filter(|&pid| is_provider(pid)));
    }
    found.into_iter().filter_map(Pid::from_raw).collect()
}

/// Whether the process still runs. A zombie does not: it only waits for its parent to notice.
pub(crate) fn is_alive(pid: Pid) -> bool {
    stat_of(pid.as_raw_pid()).is_some_and(|stat| !matches!(stat.state, 'Z' | 'X'))
}

struct Stat {
    state: char,
    parent: i32,
}

fn all() -> Vec<(i32, i32)> {
    let entries = fs::read_dir("/proc").expect("these tests need Linux's /proc");
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, stat_of(pid)?.parent)))
        .collect()
}

/// State and parent from `/proc/PID/stat`; `None` when the process is gone.
fn stat_of(pid: i32) -> Option<Stat> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may itself hold blanks and parentheses.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    Some(Stat { state, parent })
}

/// Terraform starts a provider by its full path, which is then its first argument.
fn is_provider(pid: i32) -> bool {
    let Ok(arguments) = fs::read(format!("/proc/{pid}/cmdline")) else { return false };
    let program =
        String::from_utf8_lossy(arguments.split(|&byte| byte == 0).next().unwrap_or_default()).into_owned();
    program.rsplit('/').next().is_some_and(|name| name.starts_with("terraform-provider-"))
}
