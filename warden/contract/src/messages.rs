//! What other processes say: types, and the checks that the library reads them with.

use crate::schema::{Collected, Definitions};
use crate::{HEADER, checks, typescript};
use bulkhead_channel::{Accept, Connection, Hello};
use bulkhead_front::Message;
use bulkhead_guest::ToHost;
use bulkhead_plan::Error;

/// A broker's, and those of the supervisor of a guest.
pub fn control() -> Result<String, String> {
    text(&Collected::new().with::<Message<'_>>().with::<ToHost<'_>>().definitions())
}

/// Init's.
pub fn channel() -> Result<String, String> {
    text(&Collected::new().with::<Hello>().with::<Accept>().with::<Connection>().with::<Error>().definitions())
}

fn text(definitions: &Definitions) -> Result<String, String> {
    let checks = checks::checks(definitions)?;
    Ok(format!("{HEADER}{}{}{checks}", checks::import(&checks), typescript::types(definitions)?))
}
