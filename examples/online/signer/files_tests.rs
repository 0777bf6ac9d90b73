//! The two configuration files of a test.

use std::path::PathBuf;

use crate::settings::Environment;

/// A directory with the two files and a web identity token, which is removed at the end of a test.
pub(crate) struct Files {
    directory: PathBuf,
}

impl Files {
    pub(crate) fn new(name: &str, config: &str, credentials: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("signer-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("config"), config).unwrap();
        std::fs::write(directory.join("credentials"), credentials).unwrap();
        std::fs::write(directory.join("token"), "eyJhbGciOi.fake.jwt").unwrap();
        Self { directory }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.join(name).display().to_string()
    }

    pub(crate) fn environment(&self, more: &[(&str, &str)]) -> Environment {
        let (config, credentials) = (self.path("config"), self.path("credentials"));
        let files = [
            ("AWS_CONFIG_FILE", config.as_str()),
            ("AWS_SHARED_CREDENTIALS_FILE", &credentials),
        ];
        files.into_iter().chain(more.iter().copied()).collect()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
