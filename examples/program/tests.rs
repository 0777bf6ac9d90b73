use std::fs;
use std::path::{Path, PathBuf};

use crate::files::{
    Selection, manifests, name, read, read_regular, replace, replace_public, select, size,
};

/// A directory that is removed at the end of a test.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("program-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, file: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_file_is_read_up_to_its_limit() {
    let directory = Directory::new("limit");
    let file = directory.write("four", b"four");
    assert_eq!(read(&file, 4).as_deref(), Ok("four"));
    let refused = read(&file, 3).unwrap_err();
    assert!(refused.ends_with("four: longer than 3 bytes"), "{refused}");
    let missing = read(&directory.0.join("none"), 3).unwrap_err();
    assert!(missing.contains("No such file"), "{missing}");
}

/// A pipe without a writer would hold up its reader for ever.
#[cfg(unix)]
#[test]
fn a_program_that_must_not_wait_reads_no_pipe() {
    let directory = Directory::new("regular");
    let file = directory.write("four", b"four");
    assert_eq!(read_regular(&file, 4).as_deref(), Ok("four"));
    let link = directory.0.join("link");
    std::os::unix::fs::symlink("four", &link).unwrap();
    assert_eq!(read_regular(&link, 4).as_deref(), Ok("four"));
    let pipe = directory.0.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let refused = read_regular(&pipe, 4).unwrap_err();
    assert!(
        refused.ends_with("pipe: it is not a regular file"),
        "{refused}"
    );
    let missing = read_regular(&directory.0.join("none"), 4).unwrap_err();
    assert!(missing.contains("No such file"), "{missing}");
}

#[cfg(unix)]
#[test]
fn a_device_without_an_end_is_longer_than_its_limit() {
    assert_eq!(
        read(Path::new("/dev/zero"), 1_000_000).unwrap_err(),
        "/dev/zero: longer than 1000000 bytes"
    );
}

#[cfg(unix)]
#[test]
fn a_file_is_replaced_as_a_whole_and_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = Directory::new("replace");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let new = directory.0.join("new");
    replace(&new, b"one").unwrap();
    assert_eq!(
        (fs::read(&new).unwrap(), mode(&new)),
        (b"one".to_vec(), 0o600)
    );
    fs::set_permissions(&new, fs::Permissions::from_mode(0o640)).unwrap();
    let link = directory.0.join("link");
    std::os::unix::fs::symlink("new", &link).unwrap();
    replace(&link, b"two").unwrap();
    assert_eq!(
        (fs::read(&new).unwrap(), mode(&new)),
        (b"two".to_vec(), 0o640)
    );
    assert!(link.is_symlink());
    // The umask can only take bits away.
    let public = directory.0.join("public");
    replace_public(&public, b"one").unwrap();
    assert_eq!((mode(&public) & 0o600, mode(&public) & 0o111), (0o600, 0));
    // A directory, a device or a dangling link stays, and no partial file is left beside it.
    let path = |name: &str| directory.0.join(name);
    fs::create_dir(path("directory")).unwrap();
    std::os::unix::fs::symlink("/dev/null", path("device")).unwrap();
    std::os::unix::fs::symlink("missing", path("nowhere")).unwrap();
    std::os::unix::fs::symlink("circle", path("circle")).unwrap();
    for (name, part) in [
        ("directory", "directory: it is not a regular file"),
        ("device", "device: it is not a regular file"),
        ("nowhere", "nowhere: a link that leads nowhere"),
        ("circle", "circle: a link that leads nowhere"),
        ("new/below", "below: Not a directory"),
    ] {
        let why = replace(&path(name), b"three").unwrap_err();
        assert!(why.contains(part), "{why}");
    }
    assert_eq!(fs::read_dir(&directory.0).unwrap().count(), 7);
}

#[test]
fn text_is_utf_8_or_marked_utf_16() {
    let directory = Directory::new("text");
    for (file, bytes, text) in [
        ("plain", "ö".as_bytes(), Some("ö")),
        ("little", b"\xff\xfe\xf6\x00", Some("ö")),
        ("big", b"\xfe\xff\x00\xf6", Some("ö")),
        ("marked", b"\xef\xbb\xbfa", Some("a")),
        ("nul", b"a: b\0", None),
        ("gzip", b"\x1f\x8b\x08\0", None),
        ("odd", b"\xff\xfe\xf6", None),
        ("half", b"\xff\xfe\x00\xd8", None),
        ("latin", b"\xf6", None),
    ] {
        let read = read(&directory.write(file, bytes), 10);
        assert_eq!(read.ok().as_deref(), text, "{file}");
    }
}

#[test]
fn a_directory_gives_its_manifests_in_the_order_of_their_names() {
    let directory = Directory::new("manifests");
    for file in ["b.yaml", "a/c.yml", "a/d.json", ".hidden.yaml", "notes.txt"] {
        directory.write(file, file.as_bytes());
    }
    let files = manifests(std::slice::from_ref(&directory.0), 100).unwrap();
    let texts: Vec<&str> = files.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["a/c.yml", "a/d.json", "b.yaml"]);
    // A file that an argument names is read, whatever its extension.
    let named = manifests(&[directory.0.join("notes.txt")], 100).unwrap();
    assert_eq!(named.len(), 1);
    let empty = directory.0.join("empty");
    fs::create_dir(&empty).unwrap();
    assert!(manifests(&[empty], 100).is_err());
    assert!(manifests(&[directory.0.join("b.yaml")], 3).is_err());
}

#[test]
fn files_of_a_directory_are_read_counted_or_left_out() {
    let directory = Directory::new("select");
    for file in [
        "a.yaml",
        "main.tf",
        "vpc/b.tf",
        "chart/c.yaml",
        "web/chart/d.yaml",
        "web/e.yaml",
        "f.YAML",
        "g.yaml.gz",
        "h.log.gz",
        "notes.txt",
    ] {
        directory.write(file, file.as_bytes());
    }
    let select = |read: &[&str], excluded: &[&str]| {
        let excluded: Vec<PathBuf> = excluded.iter().map(PathBuf::from).collect();
        let selection = Selection {
            read,
            counted: &[("gz", "unpack it"), ("tf", "plan it")],
            excluded: &excluded,
        };
        select(std::slice::from_ref(&directory.0), 100, &selection)
    };
    let selected = select(&["yaml"], &["chart", "./web/e.yaml"]).unwrap();
    let texts: Vec<&str> = selected
        .texts
        .iter()
        .map(|(_, text)| text.as_str())
        .collect();
    assert_eq!(texts, ["a.yaml", "f.YAML"]);
    let (count, first) = &selected.counted["gz"];
    assert_eq!((*count, first.ends_with("g.yaml.gz")), (1, true), "{first}");
    let (count, first) = &selected.counted["tf"];
    assert_eq!((*count, first.ends_with("main.tf")), (2, true), "{first}");
    let why = select(&["json", "yml"], &[]).unwrap_err();
    let end = "no .json or .yml file in this directory; not read: 2 .tf (plan it)";
    assert!(why.ends_with(end), "{why}");
}

#[test]
fn names_of_files_are_printed_without_control_characters() {
    assert_eq!(name(Path::new("a\u{1b}[2Jb")), r"a\u{1b}[2Jb");
    assert_eq!(name(Path::new("-")), "standard input");
}

#[test]
fn sizes_are_numbers_with_a_binary_unit() {
    for (text, bytes) in [
        ("1", Some(1)),
        ("4KiB", Some(4096)),
        ("64MiB", Some(67_108_864)),
        ("0", None),
        ("MiB", None),
        ("1MB", None),
        ("-1", None),
        ("1 MiB", None),
        ("99999999999999999999", None),
        ("18446744073709551615KiB", None),
    ] {
        assert_eq!(size(text).ok(), bytes, "{text}");
    }
}
