//! Children with a time limit.
//!
//! Each child leads a process group of its own: a signal to the group reaches `terraform` and the provider
//! together, as Ctrl-C in a terminal does, and a child that hangs is killed with everything below it.

use std::env;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::{Output, processes};

/// The time limit of a command, unless the test says otherwise. Generous: it only ends what hangs, and the
/// machine may be busy with the other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// How long the reader threads may go on after the child's end. They wait for every holder of the pipe, and
/// a grandchild that outlives its parent is one.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The variables of the test's own environment that a command may see.
const INHERITED: [&str; 4] = ["PATH", "LANG", "TMPDIR", "LLVM_PROFILE_FILE"];

const GLANCE: Duration = Duration::from_millis(10);

/// Keeps the environment out: credentials, proxies and TF_ variables of the person who runs the tests must not reach
/// a test. Variables that are set on the command itself afterwards stay.
pub(crate) fn isolate(command: &mut Command) {
    command.env_clear().envs(INHERITED.iter().filter_map(|name| Some((name, env::var_os(name)?))));
}

/// Runs a command to its end, for at most [`PATIENCE`].
#[track_caller]
pub(crate) fn run(command: Command) -> Output {
    spawn(command).wait_with_timeout(PATIENCE)
}

/// Starts a command in a new process group.
#[track_caller]
pub(crate) fn spawn(mut command: Command) -> Running {
    let line = line_of(&command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start: {line}: {error}"));
    let heard = Heard::default();
    let readers = [
        listen(child.stdout.take().expect("piped above"), &heard, |heard| &mut heard.stdout),
        listen(child.stderr.take().expect("piped above"), &heard, |heard| &mut heard.stderr),
    ];
    Running { line, child, heard, readers, started: Instant::now() }
}

/// A command under way. Dropping it kills its process group.
#[derive(Debug)]
pub(crate) struct Running {
    line: String,
    child: Child,
    heard: Heard,
    readers: [JoinHandle<()>; 2],
    started: Instant,
}

#[derive(Debug, Default, Clone)]
struct Heard(Arc<Mutex<Streams>>);

#[derive(Debug, Default)]
struct Streams {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    combined: Vec<u8>,
}

impl Running {
    /// The child's process id, which is also its group's.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// How long ago the command was started.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// What the command has said so far, both streams in the order of arrival.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&self.heard.0.lock().expect("no reader panics").combined).into_owned()
    }

    /// Whether the command has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("our own child").is_some()
    }

    /// Presses Ctrl-C: SIGINT to the whole group.
    #[track_caller]
    pub(crate) fn interrupt(&self) {
        kill_process_group(self.pid(), Signal::INT).unwrap_or_else(|error| panic!("{}: {error}", self.line));
    }

    /// Kills every provider below this command with SIGKILL, and says how many there were.
    #[track_caller]
    pub(crate) fn kill_provider(&self) -> usize {
        let providers = processes::providers_below(self.pid());
        for &provider in &providers {
            // It may have ended by itself between the look and the kill.
            let _ = kill_process(provider, Signal::KILL);
        }
        providers.len()
    }

    /// Waits until the command has said `text`, or fails with what it said instead.
    #[track_caller]
    pub(crate) fn wait_until_said(&mut self, text: &str, limit: Duration) {
        self.wait_until(&format!("the output has {text:?}"), limit, |running| running.said().contains(text));
    }

    /// Waits until `reached` holds while the command runs; fails when it ends first or `limit` passes.
    #[track_caller]
    pub(crate) fn wait_until(&mut self, what: &str, limit: Duration, mut reached: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + limit;
        while !reached(self) {
            let ended = self.has_ended();
            // The condition may have come true together with the end.
            if ended && !reached(self) {
                panic!("the command ended before: {what}\n$ {}\n{}", self.line, self.said());
            }
            if Instant::now() > deadline {
                panic!("waited {limit:?} in vain until: {what}\n$ {}\n{}", self.line, self.said());
            }
            thread::sleep(GLANCE);
        }
    }

    /// Waits for the command's end. After `limit` its group is killed and the test fails with its output.
    #[track_caller]
    pub(crate) fn wait_with_timeout(mut self, limit: Duration) -> Output {
        let deadline = Instant::now() + limit;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("our own child") {
                break status;
            }
            if Instant::now() > deadline {
                self.kill_group();
                panic!("still running after {limit:?}, killed\n$ {}\n{}", self.line, self.said());
            }
            thread::sleep(GLANCE);
        };
        let last_words = Instant::now() + LAST_WORDS;
        while !self.readers.iter().all(JoinHandle::is_finished) && Instant::now() < last_words {
            thread::sleep(GLANCE);
        }
        let heard = self.heard.0.lock().expect("no reader panics");
        Output {
            command: self.line.clone(),
            status,
            stdout: String::from_utf8_lossy(&heard.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&heard.stderr).into_owned(),
            combined: String::from_utf8_lossy(&heard.combined).into_owned(),
        }
    }

    fn kill_group(&mut self) {
        // Nothing to do when the group is gone already.
        let _ = kill_process_group(self.pid(), Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A child that was waited for has given its id back; the group may still hold what it left behind.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill_group();
        }
    }
}

/// Collects one stream, into its own buffer and into the common one.
fn listen(
    mut stream: impl Read + Send + 'static,
    heard: &Heard,
    own: impl Fn(&mut Streams) -> &mut Vec<u8> + Send + 'static,
) -> JoinHandle<()> {
    let heard = heard.clone();
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = stream.read(&mut buffer) {
            let mut streams = heard.0.lock().expect("no reader panics");
            own(&mut streams).extend_from_slice(&buffer[..length]);
            streams.combined.extend_from_slice(&buffer[..length]);
        }
    })
}

fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
