//! moto, an emulator of AWS that we did not write, as a server of the test's own.

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use super::command::{self, Running};
use super::{Aws, tools};

/// The account of everything that moto holds (source: moto's documentation, "Multi-Account support").
pub(crate) const ACCOUNT: &str = "123456789012";

/// The region that the tests use.
pub(crate) const REGION: &str = "us-east-1";

/// moto's own command, by the interpreter that has it.
const SERVE: &str = "import sys; from moto.server import main; main(sys.argv[1:])";

/// A running moto, killed on drop, also of a test that fails.
#[derive(Debug)]
pub(crate) struct Moto {
    /// Owns the server: its end is the server's.
    _process: Running,
    url: String,
}

impl Moto {
    /// An AWS with nothing in it.
    #[track_caller]
    pub(crate) fn start() -> Self {
        // moto takes no port 0, so a free one is looked for; somebody else may be faster.
        for _ in 0..5 {
            let port = free_port();
            let mut serve = Command::new(tools::venv_python());
            command::isolate(&mut serve);
            serve.env("PYTHONUNBUFFERED", "1").env("PYTHONDONTWRITEBYTECODE", "1");
            serve.args(["-c", SERVE, "-H", "127.0.0.1", "-p", &port.to_string()]);
            let mut process = command::spawn(serve);
            let mut ended = false;
            process.wait_until("moto listens", Duration::from_secs(60), |process| {
                let said = process.said();
                ended = said.contains("in use");
                ended || said.contains("Running on")
            });
            if !ended {
                return Self { _process: process, url: format!("http://127.0.0.1:{port}") };
            }
        }
        panic!("no port is free for moto")
    }

    /// Where it listens: the value of `AWS_ENDPOINT_URL`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its services, as a colleague uses them.
    pub(crate) fn aws(&self) -> Aws {
        Aws::at(&self.url, REGION)
    }
}

#[track_caller]
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}
