//! What a finished command said, and assertions that print all of it when they fail.

use std::fmt;
use std::ops::Deref;
use std::process::ExitStatus;

/// The end of a command.
#[derive(Debug, Clone)]
#[must_use = "an unchecked command is a test that cannot fail: call success(), failure(), exits() or says()"]
pub(crate) struct Output {
    /// The command line, for messages.
    pub(crate) command: String,
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// What it wrote to standard output.
    pub(crate) stdout: String,
    /// What it wrote to standard error.
    pub(crate) stderr: String,
    /// Both streams in the order of arrival.
    pub(crate) combined: String,
}

impl Output {
    /// The exit code; `None` when a signal ended the command.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Demands exit code 0.
    #[track_caller]
    pub(crate) fn success(self) -> Checked {
        self.exits(0)
    }

    /// Demands an exit code, other than 0.
    #[track_caller]
    pub(crate) fn failure(self) -> Checked {
        assert!(self.code().is_some_and(|code| code != 0), "expected a failure\n{self}");
        Checked(self)
    }

    /// Demands this exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Checked {
        assert!(self.code() == Some(code), "expected exit code {code}\n{self}");
        Checked(self)
    }

    /// Demands that the command said `sentence`, however Terraform wrapped and framed it.
    #[track_caller]
    pub(crate) fn says(self, sentence: &str) -> Checked {
        assert!(self.text().contains(&unwrapped(sentence)), "expected to read: {sentence}\n{self}");
        Checked(self)
    }

    /// Demands that the command did not say `sentence`.
    #[track_caller]
    pub(crate) fn never_says(self, sentence: &str) -> Checked {
        assert!(!self.text().contains(&unwrapped(sentence)), "expected not to read: {sentence}\n{self}");
        Checked(self)
    }

    /// Both streams on one line: Terraform frames diagnostics with box characters and breaks them at 78
    /// columns, so that a sentence is never found in the raw output.
    pub(crate) fn text(&self) -> String {
        unwrapped(&self.combined)
    }
}

/// An output that has been judged and may be left alone, or judged further.
#[derive(Debug, Clone)]
pub(crate) struct Checked(Output);

impl Checked {
    /// As [`Output::says`].
    #[track_caller]
    pub(crate) fn says(self, sentence: &str) -> Self {
        self.0.says(sentence)
    }

    /// As [`Output::never_says`].
    #[track_caller]
    pub(crate) fn never_says(self, sentence: &str) -> Self {
        self.0.never_says(sentence)
    }
}

impl Deref for Checked {
    type Target = Output;

    fn deref(&self) -> &Output {
        &self.0
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "$ {}\n{}\n({})", self.command, self.combined.trim_end(), self.status)
    }
}

/// Removes box-drawing frames and folds every run of white space into one blank.
fn unwrapped(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || matches!(c, '│' | '╷' | '╵'))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_framed_and_wrapped_sentence_is_found() {
    let framed =
        "╷\n│ Error: Wrong profile\n│ \n│   with x.y,\n│ The profile \"9g\" is not\n│ offered here.\n╵\n";
    assert_eq!(unwrapped(framed), "Error: Wrong profile with x.y, The profile \"9g\" is not offered here.");
}
