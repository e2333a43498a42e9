//! Other people and machines that change the same clouds: at once, or just before a call that is waited for.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::clouds::Act;
use super::matching::{Asked, Match, MatchError};
use super::parameters::ParameterError;

/// An actor that cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ActorError {
    /// Not an object with a kind, or a `when` that is neither of the two.
    #[error(
        "an actor is an object with kind, when (\"now\" or {{\"before\": {{match}}}}) and the kind's fields: {0}"
    )]
    Shape(String),
    /// Not one of the kinds.
    #[error("{given:?} is no kind of actor; the kinds are {known}")]
    Kind { given: String, known: String },
    /// In `when`.
    #[error(transparent)]
    Match(#[from] MatchError),
    /// In the kind's fields.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// What it should act on is not there, or the cloud refuses it.
    #[error("{0}")]
    Impossible(String),
}

/// When an actor acts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum When {
    Now,
    Before(Match),
}

/// An actor that waits for its call.
#[derive(Debug)]
struct Waiting {
    id: String,
    before: Match,
    act: Act,
    given: Value,
}

/// All actors that wait.
#[derive(Debug, Default)]
pub(crate) struct Actors {
    waiting: Vec<Waiting>,
    made: u64,
    /// Why actors that had waited could not act.
    failed: Vec<String>,
}

impl Actors {
    /// Reads an actor. One that acts now is returned; one that waits is kept, and its id returned.
    pub(crate) fn read(&mut self, actor: &Value) -> Result<Result<Act, String>, ActorError> {
        let shape = |text: &str| ActorError::Shape(text.to_owned());
        let mut fields = actor.as_object().cloned().ok_or_else(|| shape("this is no object"))?;
        let when = when(fields.remove("when"))?;
        let Some(Value::String(kind)) = fields.remove("kind") else { return Err(shape("kind is missing")) };
        let act = Act::read(&kind, fields)?;
        match when {
            When::Now => Ok(Ok(act)),
            When::Before(before) => {
                self.made += 1;
                let id = format!("a{}", self.made);
                self.waiting.push(Waiting { id: id.clone(), before, act, given: actor.clone() });
                Ok(Err(id))
            }
        }
    }

    /// The actors that this call sets going. Each acts once.
    pub(crate) fn take(&mut self, asked: &Asked<'_>) -> Vec<Act> {
        let due = |waiting: &mut Waiting| waiting.before.matches(asked);
        self.waiting.extract_if(.., due).map(|waiting| waiting.act).collect()
    }

    /// Remembers that an actor whose call came could not act, for those who wonder.
    pub(crate) fn fail(&mut self, error: &ActorError) {
        self.failed.push(error.to_string());
    }

    /// All kinds, who waits, and who could not act.
    pub(crate) fn view(&self) -> Value {
        let waiting: Vec<_> =
            self.waiting.iter().map(|waiting| json!({"id": waiting.id, "actor": waiting.given})).collect();
        json!({"kinds": Act::kinds(), "waiting": waiting, "failed": self.failed})
    }
}

fn when(given: Option<Value>) -> Result<When, ActorError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Before {
        before: Map<String, Value>,
    }
    match given {
        None => Ok(When::Now),
        Some(Value::String(text)) if text == "now" => Ok(When::Now),
        Some(other) => match Before::deserialize(&other) {
            Ok(Before { before }) => Ok(When::Before(Match::read(&before)?)),
            Err(error) => Err(ActorError::Shape(format!("when is {other}: {error}"))),
        },
    }
}
