//! Running a program to its end: signals are passed on to it and to all that it
//! started, and it can be ended when it takes too long.

use std::io;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ended {
    /// Its exit code, unless it was killed.
    pub(super) exit_code: Option<i32>,
    /// The signal that killed it.
    pub(super) signal: Option<i32>,
    /// The last signal that was passed on to it.
    pub(super) interrupted: Option<i32>,
    /// Whether it was ended because it took too long.
    pub(super) timed_out: bool,
}

/// How long a program has to end after it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// Runs a program with our standard streams and waits for its end.
///
/// # Errors
///
/// When it cannot be started.
pub(super) fn run(mut command: Command, timeout: Option<Duration>) -> io::Result<Ended> {
    const LONGEST_NAP: Duration = Duration::from_millis(20);
    // Before the start, so that no signal ends us and leaves the program.
    let signals = group::Signals::watch()?;
    let mut group = group::Group::start(&mut command)?;
    let started = Instant::now();
    let mut ended = Ended::default();
    let mut nap = Duration::from_millis(1);
    loop {
        if let Some(status) = group.child.try_wait()? {
            ended.exit_code = status.code();
            ended.signal = group::killed_by(status);
            if ended.timed_out {
                group.kill();
            }
            return Ok(ended);
        }
        if let Some(signal) = signals.take() {
            ended.interrupted = Some(signal);
            group.send(signal);
        }
        let over = timeout.and_then(|timeout| started.elapsed().checked_sub(timeout));
        match over {
            Some(over) if over >= GRACE => group.kill(),
            Some(_) if !ended.timed_out => {
                ended.timed_out = true;
                group.terminate();
            }
            _ => {}
        }
        sleep(nap);
        nap = (nap * 2).min(LONGEST_NAP);
    }
}

pub(super) use group::Signals;

#[cfg(unix)]
mod group {
    use std::io::{self, IsTerminal as _};
    use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
    use std::process::ExitStatus;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    use super::{Child, Command};

    /// The signals by which a job is told to end.
    pub(in crate::cli) struct Signals(Arc<AtomicUsize>);

    impl Signals {
        pub(in crate::cli) fn watch() -> io::Result<Self> {
            let last = Arc::new(AtomicUsize::new(0));
            for signal in [SIGHUP, SIGINT, SIGTERM] {
                let value = usize::try_from(signal).unwrap_or_default();
                signal_hook::flag::register_usize(signal, Arc::clone(&last), value)?;
            }
            Ok(Self(last))
        }

        /// The last that came since this was asked.
        pub(in crate::cli) fn take(&self) -> Option<i32> {
            let signal = i32::try_from(self.0.swap(0, Ordering::SeqCst)).ok()?;
            (signal != 0).then_some(signal)
        }
    }

    /// A program with all that it starts.
    pub(super) struct Group {
        pub(super) child: Child,
        /// Whether it is a group of its own. In a terminal it is not, because only
        /// the terminal's own group may read from it.
        is_own: bool,
    }

    impl Group {
        pub(super) fn start(command: &mut Command) -> io::Result<Self> {
            let is_own = !io::stdin().is_terminal();
            if is_own {
                command.process_group(0);
            }
            Ok(Self {
                child: command.spawn()?,
                is_own,
            })
        }

        pub(super) fn send(&self, signal: i32) {
            let signal = match signal {
                SIGHUP => Signal::HUP,
                SIGINT => Signal::INT,
                _ => Signal::TERM,
            };
            self.signal(signal);
        }

        pub(super) fn terminate(&self) {
            self.signal(Signal::TERM);
        }

        pub(super) fn kill(&self) {
            self.signal(Signal::KILL);
        }

        fn signal(&self, signal: Signal) {
            let pid = Pid::from_child(&self.child);
            let sent = match self.is_own {
                true => kill_process_group(pid, signal),
                false => kill_process(pid, signal),
            };
            // It may have ended meanwhile.
            sent.unwrap_or_default();
        }
    }

    pub(super) fn killed_by(status: ExitStatus) -> Option<i32> {
        status.signal()
    }
}

#[cfg(not(unix))]
mod group {
    use std::io;
    use std::process::ExitStatus;

    use super::{Child, Command};

    /// There are none to pass on.
    pub(in crate::cli) struct Signals;

    impl Signals {
        #[expect(clippy::unnecessary_wraps, reason = "as elsewhere")]
        pub(in crate::cli) fn watch() -> io::Result<Self> {
            Ok(Self)
        }

        pub(in crate::cli) fn take(&self) -> Option<i32> {
            None
        }
    }

    pub(super) struct Group {
        pub(super) child: Child,
    }

    impl Group {
        pub(super) fn start(command: &mut Command) -> io::Result<Self> {
            let child = command.spawn()?;
            Ok(Self { child })
        }

        pub(super) fn send(&mut self, _: i32) {}

        pub(super) fn terminate(&mut self) {
            self.kill();
        }

        pub(super) fn kill(&mut self) {
            drop(self.child.kill());
        }
    }

    pub(super) fn killed_by(_: ExitStatus) -> Option<i32> {
        None
    }
}
