//! What the warden says of plans, for tests of what makes them: `judge < PLANS`, one JSON document a line. For each it
//! writes a line: `null`, or the error that the plan would be refused with.

use bulkhead_plan::Plan;
use std::io::BufRead;

fn main() -> std::io::Result<()> {
    for line in std::io::stdin().lock().lines() {
        let error = Plan::parse(line?.as_bytes()).err();
        println!("{}", serde_json::to_string(&error)?);
    }
    Ok(())
}
