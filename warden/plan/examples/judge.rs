//! The warden's verdict on plans, for tests of the library's compiler: `judge < PLANS`, one JSON document a line.
//! Writes a line for each: `null`, or the error with which the plan is refused.

use bulkhead_plan::Plan;
use std::io::BufRead;

fn main() -> std::io::Result<()> {
    for line in std::io::stdin().lock().lines() {
        let error = Plan::parse(line?.as_bytes()).err();
        println!("{}", serde_json::to_string(&error)?);
    }
    Ok(())
}
