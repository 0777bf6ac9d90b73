//! The command `report`.

use std::fs;

use super::{TESTDATA, parse};
use crate::{print, run};

#[test]
fn a_page_is_printed_or_written_whole() {
    let cluster = format!("{TESTDATA}/../docs/cluster");
    let printed = run(&parse(&format!("report --title payments -f {cluster}")));
    assert_eq!(printed.status, 0, "{:?}", printed.aside);
    assert!(
        printed.text.starts_with("<!doctype html>\n<html"),
        "{:.80}",
        printed.text
    );
    assert!(printed.text.contains("<title>payments</title>"));
    assert!(printed.text.trim_end().ends_with("</html>"));

    let directory = std::env::temp_dir().join(format!("eks-access-report-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let page = directory.join("page.html");
    fs::write(&page, "old").unwrap();
    let line = format!(
        "report --title payments -f {cluster} --save-as {}",
        page.display()
    );
    let saved = run(&parse(&line));
    assert_eq!((saved.status, saved.text.as_str()), (0, ""));
    assert_eq!(fs::read_to_string(&page).unwrap(), printed.text);

    // If there is no answer, the old page stays.
    let lost = run(&parse(&format!(
        "{line} -f {TESTDATA}/04-kubectl-not-found.txt"
    )));
    assert_eq!(lost.status, 2);
    assert_eq!(fs::read_to_string(&page).unwrap(), printed.text);
    let device = run(&parse(&format!(
        "report -f {cluster} --save-as {}",
        directory.display()
    )));
    assert_eq!(device.status, 2);
    assert!(
        device.aside[0].ends_with("it exists, and is not a file"),
        "{:?}",
        device.aside
    );
    fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn each_cluster_of_a_fleet_has_a_page() {
    let fleet = std::env::temp_dir().join(format!("eks-access-pages-{}", std::process::id()));
    for (name, text) in [
        ("one", "mapRoles: []\n"),
        ("two", "Error from server (Forbidden): x"),
    ] {
        fs::create_dir_all(fleet.join("in").join(name)).unwrap();
        fs::write(fleet.join("in").join(name).join("aws-auth.yaml"), text).unwrap();
    }
    let (from, to) = (fleet.join("in"), fleet.join("out"));
    let answer = run(&parse(&format!("report --fleet {}", from.display())));
    assert_eq!(answer.status, 2, "a fleet does not fit into one page");
    let line = format!(
        "report --fleet {} --save-as {}",
        from.display(),
        to.display()
    );
    let answer = run(&parse(&line));
    let page = fs::read_to_string(to.join("one.html")).unwrap();
    let is_there = to.join("two.html").exists();
    fs::remove_dir_all(&fleet).unwrap();
    assert_eq!(answer.status, 2, "the second cluster cannot be read");
    assert!(page.contains("<title>one</title>"));
    assert!(!is_there);
}

#[test]
fn the_data_of_a_page_is_its_json() {
    let line = format!("report -f {TESTDATA}/../docs/cluster -o json");
    let args = parse(&line);
    let text = print::text(&run(&args), args.common.output);
    let data: serde_json::Value = serde_json::from_str(&text).unwrap();
    let principals = data["principals"].as_array().unwrap();
    assert_eq!(principals.len(), 4);
    assert_eq!(principals[0]["level"], "full");
    let cell = &principals[1]["cells"][0];
    assert_eq!(
        (&cell["namespace"], &cell["level"]),
        (&"payments".into(), &"workloads".into())
    );
    assert_eq!(cell["ways"][0][0]["place"]["line"], 1);
}
