use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crate::probe::{
    DatagramProbe, FrameProbe, HttpProbe, Probe, TextProbe, TlsProbe, Transcript, WebSocketProbe,
};
use crate::testee::{Capability, Process, Testee, Tier};
use crate::verdict::Surprise;

/// What a case works with: its testee, its deadline, and the probes it opens.
#[derive(Debug)]
pub struct Stage {
    testee: Arc<Testee>,
    deadline: Instant,
    pace: Pace,
    slowness: f64,
    before: Vec<Process>,
    opened: Mutex<Opened>,
}

/// What was learnt of a testee before the cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// See [`Stage::quiet`].
    pub quiet: Duration,
    /// See [`Stage::expected_workers`].
    pub workers: usize,
}

#[derive(Debug, Default)]
struct Opened {
    transcripts: Vec<Transcript>,
    handles: Vec<Weak<TcpStream>>,
    abandoned: bool,
    /// A port that refused a connection.
    refused: Option<String>,
}

impl Stage {
    pub(crate) fn new(testee: Arc<Testee>, deadline: Instant, pace: Pace) -> Self {
        Self { testee, deadline, pace, slowness: 1.0, before: Vec::new(), opened: Mutex::default() }
    }

    /// Stretches all waiting.
    pub(crate) fn slow(mut self, slowness: f64) -> Self {
        self.slowness = slowness;
        self
    }

    /// Remembers the processes before the first case.
    pub(crate) fn since(mut self, before: Vec<Process>) -> Self {
        self.before = before;
        self
    }

    /// The processes of the shared testee before the first case of the run.
    #[must_use]
    pub fn before(&self) -> &[Process] {
        &self.before
    }

    /// The same scene with another testee, until the same deadline.
    #[must_use]
    pub fn with_testee(&self, testee: Testee) -> Self {
        Self::new(Arc::new(testee), self.deadline, self.pace)
    }

    /// The testee.
    #[must_use]
    pub fn testee(&self) -> &Testee {
        &self.testee
    }

    /// The whole application of the contract is there.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.testee.file().tier() == Tier::Full
    }

    /// When the case has to be over. Probes stop waiting then.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The deadline, or `wait` from now if that is earlier; on a slow machine as much longer as was asked for.
    #[must_use]
    pub fn within(&self, wait: Duration) -> Instant {
        self.deadline.min(Instant::now() + wait.mul_f64(self.slowness))
    }

    /// How long nothing has to come before "it waits" is believed: eight round trips as measured, and
    /// at least 20 ms.
    #[must_use]
    pub fn quiet(&self) -> Duration {
        self.pace.quiet
    }

    /// Worker processes in all: as many as were asked for, or as many for each port where every port
    /// has workers of its own.
    #[must_use]
    pub fn expected_workers(&self) -> usize {
        self.pace.workers
    }

    /// Where a port listens.
    ///
    /// # Errors
    /// The testee has no such port.
    pub fn address(&self, port: &str) -> Result<SocketAddr, Surprise> {
        self.testee.address(port).ok_or_else(|| Surprise(format!("the testee has no port {port}")))
    }

    /// Connects; a refusal is a result here.
    ///
    /// # Errors
    /// The testee has no such port. What the system said about the connection is inside.
    pub fn try_connect(
        &self,
        port: &str,
        receive_buffer_bytes: Option<usize>,
        deadline: Instant,
    ) -> Result<io::Result<Probe>, Surprise> {
        let probe = self.connect_apart(port, receive_buffer_bytes, deadline)?;
        if let Ok(probe) = &probe {
            self.keep(probe.transcript());
        }
        Ok(probe)
    }

    /// As [`Stage::try_connect`], but what it sees is no evidence unless it is [kept](Stage::keep): for
    /// cases that open thousands.
    ///
    /// # Errors
    /// As [`Stage::try_connect`].
    pub fn connect_apart(
        &self,
        port: &str,
        receive_buffer_bytes: Option<usize>,
        deadline: Instant,
    ) -> Result<io::Result<Probe>, Surprise> {
        let probe = match Probe::connect(port, self.address(port)?, receive_buffer_bytes, deadline) {
            Ok(probe) => probe,
            Err(error) => return Ok(Err(error)),
        };
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.abandoned {
            return Err(Surprise("the case was abandoned".to_owned()));
        }
        opened.handles.push(probe.handle());
        Ok(Ok(probe))
    }

    /// Makes what a connection saw part of the evidence.
    pub fn keep(&self, transcript: &Transcript) {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).transcripts.push(transcript.clone());
    }

    /// Connects; a refusal means that nothing can be judged.
    ///
    /// # Errors
    /// No connection.
    pub fn connect(&self, port: &str) -> Result<Probe, Surprise> {
        self.try_connect(port, None, self.deadline)?.map_err(|error| {
            if error.kind() == io::ErrorKind::ConnectionRefused {
                let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
                opened.refused.get_or_insert_with(|| port.to_owned());
            }
            let exit =
                self.testee.exited().map(|exit| format!("; the testee is gone: {exit}")).unwrap_or_default();
            Surprise(format!("can't connect to port {port}: {error}{exit}"))
        })
    }

    /// A connection to port `http`.
    ///
    /// # Errors
    /// As [`Stage::connect`].
    pub fn http(&self) -> Result<HttpProbe, Surprise> {
        Ok(HttpProbe::new(self.connect("http")?, self.deadline))
    }

    /// A connection to port `text`.
    ///
    /// # Errors
    /// As [`Stage::connect`].
    pub fn text(&self) -> Result<TextProbe, Surprise> {
        Ok(TextProbe::new(self.connect("text")?, self.deadline))
    }

    /// A connection to port `frame`.
    ///
    /// # Errors
    /// As [`Stage::connect`].
    pub fn frame(&self) -> Result<FrameProbe, Surprise> {
        Ok(FrameProbe::new(self.connect("frame")?, self.deadline))
    }

    /// A connection to port `websocket`; the handshake is not sent yet.
    ///
    /// # Errors
    /// As [`Stage::connect`].
    pub fn websocket(&self) -> Result<WebSocketProbe, Surprise> {
        Ok(WebSocketProbe::new(self.connect("websocket")?, self.deadline))
    }

    /// An open websocket connection without extensions.
    ///
    /// # Errors
    /// As [`Stage::connect`], and a handshake that fails: there are cases for that.
    pub fn open_websocket(&self) -> Result<WebSocketProbe, Surprise> {
        let mut probe = self.websocket()?;
        probe.open(None)?.map_err(Surprise)?;
        Ok(probe)
    }

    /// A connection to port `unix`.
    ///
    /// # Errors
    /// As [`Stage::connect`].
    pub fn unix(&self) -> Result<TextProbe, Surprise> {
        let path =
            self.testee.socket("unix").ok_or_else(|| Surprise("the testee has no port unix".to_owned()))?;
        let probe = Probe::connect_unix("unix", &path).map_err(Surprise::of("can't connect to port unix"))?;
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.handles.push(probe.handle());
        opened.transcripts.push(probe.transcript().clone());
        Ok(TextProbe::new(probe, self.deadline))
    }

    /// A connection to port `tls` whose handshake is done.
    ///
    /// # Errors
    /// As [`Stage::connect`], and a handshake that fails.
    pub fn tls(&self) -> Result<TlsProbe, Surprise> {
        let probe = TlsProbe::connect(self.address("tls")?, None, self.deadline)?.map_err(Surprise)?;
        self.keep(probe.transcript());
        Ok(probe)
    }

    /// A peer of port `udp`.
    ///
    /// # Errors
    /// The testee has no such port, or the system no socket.
    pub fn datagrams(&self) -> Result<DatagramProbe, Surprise> {
        let probe = DatagramProbe::new(self.address("udp")?)?;
        self.keep(probe.transcript());
        Ok(probe)
    }

    /// A connection to port `text` whose receive buffer is small, so that the server has to wait.
    ///
    /// # Errors
    /// As [`Stage::connect`].
    pub fn narrow_text(&self) -> Result<TextProbe, Surprise> {
        let probe = self
            .try_connect("text", Some(NARROW_BYTES), self.deadline)?
            .map_err(Surprise::of("can't connect to port text"))?;
        Ok(TextProbe::new(probe, self.deadline))
    }

    /// Asks again until there is an answer or the deadline comes. For what has no event to wait for:
    /// /proc, the journal, a file.
    pub fn eventually<Value>(&self, mut ask: impl FnMut() -> Option<Value>) -> Option<Value> {
        let begun = Instant::now();
        loop {
            if let Some(value) = ask() {
                return Some(value);
            }
            if self.deadline <= Instant::now() {
                return None;
            }
            // A look may cost a walk through all of /proc: what is slow to come is looked for more rarely.
            thread::sleep((begun.elapsed() / 20).clamp(Duration::from_millis(1), Duration::from_millis(40)));
        }
    }

    /// Whether something is so at every look for `time`: for what must not happen, and has no event to
    /// wait for either. Ends at the case's deadline at the latest.
    pub fn holds_for(&self, time: Duration, mut holds: impl FnMut() -> bool) -> bool {
        let end = self.within(time);
        let pause = (time / 50).clamp(Duration::from_millis(5), Duration::from_millis(20));
        while holds() {
            if end <= Instant::now() {
                return true;
            }
            thread::sleep(pause);
        }
        false
    }

    /// The workers, once they are complete and have begun to serve: each has read its release then, and one
    /// has answered on port `http`.
    ///
    /// # Errors
    /// They never are: the claim can't be tried then.
    pub fn all_workers(&self) -> Result<Vec<Process>, Surprise> {
        let wanted = self.expected_workers();
        self.eventually(|| {
            let workers = self.testee.workers();
            (workers.len() == wanted && self.have_begun(&workers)).then_some(workers)
        })
        .filter(|_| self.answers())
        .ok_or_else(|| Surprise(format!("there are never {wanted} workers that serve")))
    }

    /// A worker may have said that it starts while its master still waits for others, and takes the end of
    /// one for that of the start.
    fn answers(&self) -> bool {
        if !self.testee.file().can(Capability::Http) {
            return true;
        }
        let answer = || {
            let probe = self.connect_apart("http", None, self.deadline).ok()?.ok()?;
            HttpProbe::new(probe, self.deadline).load("serving").ok()?.ok()
        };
        self.eventually(answer).is_some()
    }

    /// What the journal says; without one, that the server answers has to do.
    fn have_begun(&self, workers: &[Process]) -> bool {
        if !self.testee.file().can(Capability::Journal) {
            return true;
        }
        let journal = self.testee.journal();
        let begun = |worker: &Process| {
            journal.iter().any(|line| line.event == "worker_start" && line.pid == worker.pid.as_raw())
        };
        workers.iter().all(begun)
    }

    /// The first port on which nobody listened when a case needed it.
    pub(crate) fn refused(&self) -> Option<String> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).refused.clone()
    }

    /// All that the probes saw.
    #[must_use]
    pub fn evidence(&self) -> Vec<Transcript> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).transcripts.clone()
    }

    /// Closes every probe under the feet of a case that does not end.
    pub(crate) fn abandon(&self) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.abandoned = true;
        for handle in &opened.handles {
            // It may be closed already.
            if let Some(stream) = handle.upgrade() {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

/// Receive buffer of a reader that is to be slow: the kernel doubles it and keeps a minimum.
const NARROW_BYTES: usize = 16 << 10;
