//! Numbers and names that both sides hold to.

use crate::HEADER;
use bulkhead_channel::{Kind, credit, frame, message};
use bulkhead_plan::model::Landlock;
use bulkhead_plan::{Code, model, payload, validate};
use bulkhead_sys::helper_ids;
use serde::Serialize;
use serde_json::{Map, Value};

/// `export const NAME = value;`, each with a comment.
struct Constants(String);

impl Constants {
    fn new() -> Self {
        Self(HEADER.to_owned())
    }

    fn add(mut self, comment: &str, name: &str, value: impl Serialize) -> Result<Self, String> {
        let value = serde_json::to_string_pretty(&value).map_err(|error| error.to_string())?;
        // Of a number its type is the number already.
        let suffix = if value.starts_with(['[', '{', '"']) { " as const" } else { "" };
        let one = format!("\n/** {comment} */\nexport const {name} = {value}{suffix};\n");
        self.0.push_str(&one);
        Ok(self)
    }
}

/// Of plans.
pub fn plan() -> Result<String, String> {
    let all = Constants::new()
        .add("The largest id inside that a workload can have; the next one is init's.", "MAX_ID", validate::MAX_ID)?
        .add("Bytes of one file that a plan brings along.", "MAX_CONTENT_BYTES", validate::MAX_CONTENT)?
        .add("Capabilities that a plan can leave to a workload.", "GRANTABLE", validate::GRANTABLE)?
        .add(
            "Files in root's store of images belong to this id, and one more for each id inside.",
            "STORE_RANGE",
            model::STORE_RANGE,
        )?
        .add("Name of the connection between init and the gate.", "EGRESS", payload::EGRESS)?
        .add("Name of the connection between init and the bridge of its service.", "BRIDGE", payload::BRIDGE)?
        .add("The first ABI of Landlock whose rules are about TCP.", "LANDLOCK_TCP_ABI", Landlock::TCP_ABI)?
        .add(
            "The first that rules which Unix sockets in the file system are connected to.",
            "LANDLOCK_SOCKETS_ABI",
            Landlock::SOCKETS_ABI,
        )?
        .add("The newest whose rights the warden knows.", "LANDLOCK_NEWEST_ABI", Landlock::NEWEST_ABI)?;
    Ok(all.0)
}

/// Of the channel, and of errors on it and on every other wire.
pub fn channel() -> Result<String, String> {
    let kinds: Map<String, Value> =
        Kind::ALL.iter().map(|kind| (format!("{kind:?}").to_lowercase(), Value::from(*kind as u8))).collect();
    let all = Constants::new()
        .add("Of the protocol; a `hello` with another one is refused.", "GENERATION", frame::GENERATION)?
        .add("The second field of every frame.", "Kind", kinds)?
        .add("`u32 length, u8 kind, u32 stream`.", "HEADER_BYTES", frame::HEAD)?
        .add("What `length` counts besides the payload: kind and stream.", "COUNTED_HEADER_BYTES", frame::LENGTH_BASE)?
        .add("Raw bytes in one `data` frame.", "MAX_DATA_BYTES", frame::DATA_MAX)?
        .add("JSON of the library in one frame.", "MAX_HOST_JSON_BYTES", frame::HOST_JSON_MAX)?
        .add("JSON of init in one frame.", "MAX_INIT_JSON_BYTES", frame::INIT_JSON_MAX)?
        .add("What each (stream, fd) may send before it is granted more.", "WINDOW_BYTES", credit::INITIAL)?
        .add("No sum of credit may pass this.", "MAX_CREDIT", credit::MAXIMUM)?
        .add("Streams of one side that may be open at once.", "MAX_OPEN_STREAMS", frame::STREAMS_MAX)?
        .add("What flows into an operation: stdin, a file's new content.", "FD_IN", frame::FD_IN)?
        .add("What comes out: stdout, a file's content.", "FD_OUT", frame::FD_OUT)?
        .add("Its stderr.", "FD_ERR", frame::FD_ERR)?
        .add("Bytes of the operation that an error names.", "MAX_OPERATION_BYTES", message::OPERATION_MAX)?
        .add("Bytes of the path that an error names.", "MAX_PATH_BYTES", message::PATH_MAX)?;
    Ok(all.0)
}

/// Of what a broker and the supervisor of a guest say.
pub fn control() -> Result<String, String> {
    let all = Constants::new()
        .add("Of what a broker says.", "CONTROL_GENERATION", bulkhead_front::GENERATION)?
        .add(
            "Bytes of the first message to a broker, which may hold a plan.",
            "MAX_OPENING_BYTES",
            bulkhead_front::MAX_OPENING,
        )?
        .add("Of what a guest's supervisor says.", "GUEST_GENERATION", bulkhead_guest::GENERATION)?
        .add(
            "Protections that leave a trace outside: the broker's evidence has a verdict about each.",
            "TRACED",
            bulkhead_front::TRACED,
        )?;
    Ok(all.0)
}

/// Of processes of Bulkhead's own.
pub fn ids() -> Result<String, String> {
    let all = Constants::new()
        .add("The first id that helpers run as.", "FIRST_HELPER_ID", helper_ids::FIRST)?
        .add("How many such ids there are.", "HELPER_IDS", helper_ids::COUNT)?
        .add("Locks of all ids in use.", "ID_LOCKS", helper_ids::LOCKS)?;
    Ok(all.0)
}

/// Of errors.
pub fn codes() -> Result<String, String> {
    let all = Constants::new().add("Every error that the warden can report.", "WARDEN_CODES", Code::ALL)?.add(
        "Those that init may report: they are about what goes on inside.",
        "INIT_CODES",
        message::CODES,
    )?;
    Ok(all.0)
}
