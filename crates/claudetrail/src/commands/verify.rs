//! `verify`: recomputes the hash chain from the stored bytes and looks for gaps in the coverage.

use ledger::Reader;
use serde_json::json;

use crate::{
    cli::Verify,
    commands::status,
    config::Settings,
    display,
    error::{Exit, Failure, Result},
    output,
};

pub(crate) fn run(settings: &Settings, arguments: &Verify) -> Result<()> {
    let reader = Reader::open(&settings.ledger_path())?;
    let bar =
        display::progress_bar("verifying {wide_bar} {percent}% {human_pos} of {human_len} ETA {eta}", 0);
    let report = reader.check_chain(&mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    let feeds = reader.feeds()?;
    let gaps: usize = feeds.iter().map(|feed| feed.gaps.len()).sum();
    let chain_holds = report.difference.is_none();
    if arguments.json {
        output::print(&format!(
            "{:#}\n",
            json!({
                "chain": { "ok": chain_holds, "activities": report.activities, "links": report.links, "head": output::hexadecimal(&report.head),
                    "difference": report.difference.as_ref().map(|difference| difference.message.clone()) },
                "gaps": gaps,
                "status": status::report(&reader)?,
            })
        ))?;
    } else {
        let palette = output::stdout_palette();
        let verdict = match &report.difference {
            None => format!("{} the chain holds", palette.good("ok")),
            Some(difference) => {
                format!("{} the chain is broken: {}", palette.bad("broken"), difference.message)
            }
        };
        let mut text = format!(
            "{verdict}: {} activities in {} links recomputed, head {}\n",
            display::count(report.activities),
            display::count(report.links),
            output::hexadecimal(&report.head)
        );
        for feed in &feeds {
            text.push_str(&status::feed_headline(feed, palette));
            text.push('\n');
        }
        output::print(&text)?;
    }
    match (report.difference, gaps) {
        (None, 0) => Ok(()),
        (None, gaps) => Err(Failure::new(Exit::Finding, format!("the coverage has {gaps} gaps")).hint("`claudetrail run` fills gaps; `claudetrail status` names them")),
        (Some(difference), _) => Err(Failure::new(Exit::Finding, format!("the ledger is not what was written: {}", difference.message))
            .hint("keep this file as evidence, restore the ledger from a backup, and let `claudetrail run` fetch what is missing")),
    }
}
