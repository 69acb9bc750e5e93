//! What the server still owes us, in order.
//!
//! Owns: [`Expect`], one entry for each message sent whose replies have not all come, and the rules by which a reply is
//! forwarded, swallowed or replaced; and [`Run`], a statement on its way. It keeps pipelines in step.
//! Refuses: I/O.

use std::sync::Arc;
use std::time::Instant;

use crate::database::Known;
use crate::judge::Judged;
use crate::session::named::{Portal, Prepared};

/// A statement that was sent and has not ended.
#[derive(Debug)]
pub struct Run {
    /// Its number in the session.
    pub number: u64,
    /// How it was judged.
    pub judged: Arc<Judged>,
    /// What it was judged by.
    pub known: Option<Arc<Known>>,
    /// When it was sent.
    pub started: Instant,
    /// How many statements of the text have completed.
    pub completed: usize,
    /// Command tags.
    pub tags: Vec<String>,
    /// Rows sent to the agent.
    pub rows: u64,
    /// Cells masked among them.
    pub masked: u64,
    /// SQLSTATE of the server's error.
    pub error: Option<String>,
    /// The moment it was sent, in the times of statements and of portals: names it gives up are those made before.
    pub before: Moment,
    /// Names that it makes, with the place of the command in the text.
    pub makes: Vec<(usize, Made)>,
}

/// A moment in the times of statements' and portals' names.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moment {
    /// Of statements.
    pub statements: u64,
    /// Of portals.
    pub portals: u64,
}

/// Something that a command leaves under a name.
#[derive(Debug)]
pub enum Made {
    /// `PREPARE name AS …`
    Statement(Arc<Prepared>),
    /// `DECLARE name CURSOR …`
    Cursor(Arc<Portal>),
}

impl Run {
    /// Just sent.
    pub fn new(number: u64, judged: Arc<Judged>) -> Run {
        Run {
            number,
            judged,
            known: None,
            started: Instant::now(),
            completed: 0,
            tags: Vec::new(),
            rows: 0,
            masked: 0,
            error: None,
            before: Moment::default(),
            makes: Vec::new(),
        }
    }
}

/// Whether the agent gets the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// It asked for it.
    Agent,
    /// We did, for ourselves.
    Gateway,
}

/// What comes next from the server.
#[derive(Debug)]
pub enum Expect {
    /// Replies of a simple Query, up to ReadyForQuery.
    Query(Run),
    /// ParseComplete.
    Parse(Arc<Prepared>),
    /// BindComplete.
    Bind(Arc<Portal>),
    /// ParameterDescription, then RowDescription or NoData.
    DescribeStatement(Option<Arc<Prepared>>),
    /// RowDescription or NoData.
    DescribePortal(Option<Arc<Portal>>, Audience),
    /// DataRows, then CommandComplete, EmptyQueryResponse or PortalSuspended.
    Execute(Run, Arc<Portal>),
    /// CloseComplete, of a statement or portal by its name's place in time.
    Close {
        /// Whether a statement (else a portal) was closed.
        statement: bool,
        /// Its name.
        name: Box<[u8]>,
        /// Everything of that name up to here is gone.
        before: u64,
    },
    /// FunctionCallResponse, then ReadyForQuery.
    Function(Run),
    /// ReadyForQuery. Portals made before this place in time end with an implicit transaction.
    Sync(u64),
    /// Nothing from the server: these bytes go to the agent at this place.
    Local(Vec<u8>),
    /// A Query of ours that must fail; its error is replaced by these bytes, its ReadyForQuery is the agent's.
    PoisonQuery(Vec<u8>),
    /// A Parse of ours that must fail; its error is replaced by these bytes.
    PoisonParse(Vec<u8>),
    /// A Query of our own: everything up to ReadyForQuery is ours, the rows are kept.
    Internal(Vec<Vec<Option<String>>>),
    /// The agent's CopyDone or CopyFail: Syncs before it do not count while the server copies in.
    CopyEnd,
}

impl Expect {
    /// Whether its replies end with ReadyForQuery, where the server stops skipping after an error.
    pub fn ends_skipping(&self) -> bool {
        matches!(self, Expect::Sync(_))
    }
}
