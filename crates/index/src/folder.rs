//! The folder of the index: which of several generations answers, and who writes.
//!
//! Each generation is a folder of tantivy's beside the file `current`, which names the one that answers. A rebuild fills
//! another beside it and then replaces that file, which is atomic; readers follow at their next search.

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use crate::error::Error;

const CURRENT: &str = "current";
const LOCK: &str = "writer.lock";

#[derive(Clone, Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
}

impl Folder {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    fn failed(&self, step: &'static str) -> impl Fn(io::Error) -> Error + '_ {
        move |source| Error::File { step, folder: self.path.clone(), source }
    }

    /// Makes the folder and takes the right to write, until the file is dropped.
    pub(crate) fn lock(&self) -> Result<File, Error> {
        const STEP: &str = "take the writer's lock";
        fs::create_dir_all(&self.path).map_err(self.failed("make the folder"))?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.path.join(LOCK))
            .map_err(self.failed(STEP))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(Error::Locked { folder: self.path.clone() }),
            Err(TryLockError::Error(error)) => Err(self.failed(STEP)(error)),
        }
    }

    /// The generation that answers, if there is one.
    pub(crate) fn current(&self) -> Result<Option<String>, Error> {
        match fs::read_to_string(self.path.join(CURRENT)) {
            Ok(name) => {
                Ok(Some(name.trim().to_owned())
                    .filter(|name| self.generation(name).join("meta.json").exists()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read which index is current")(error)),
        }
    }

    /// Lets this generation answer from now on.
    pub(crate) fn publish(&self, name: &str) -> Result<(), Error> {
        let failed = self.failed("say which index is current");
        let beside = self.path.join("current.new");
        let write = || {
            let mut file = File::create(&beside)?;
            file.write_all(name.as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, self.path.join(CURRENT))?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(failed)
    }

    /// Where a generation is.
    pub(crate) fn generation(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The names of all generations, whole or not.
    pub(crate) fn generations(&self) -> Result<Vec<String>, Error> {
        let failed = self.failed("list the folder");
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(&failed)? {
            let entry = entry.map_err(&failed)?;
            if entry.file_type().map_err(&failed)?.is_dir() {
                names.extend(entry.file_name().into_string());
            }
        }
        names.retain(|name| name.starts_with('v'));
        names.sort();
        Ok(names)
    }

    /// Deletes a generation. Whoever still reads it keeps its files until done.
    pub(crate) fn delete(&self, name: &str) -> Result<(), Error> {
        match fs::remove_dir_all(self.generation(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(self.failed("delete an old index")(error))
            }
            _ => Ok(()),
        }
    }

    /// Bytes on disk of a generation.
    pub(crate) fn bytes(&self, name: &str) -> u64 {
        let files = fs::read_dir(self.generation(name)).into_iter().flatten().flatten();
        files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
    }
}
