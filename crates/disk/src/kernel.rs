//! The names of the C library's file calls, in front of it, and the kernel's calls behind them.
//!
//! The linker takes a name from the program before it looks into a shared library. So whatever is
//! linked into the program with this crate, Rust's standard library and the bundled SQLite among
//! it, calls these functions. Reads are not changed, so they are not here.

#![expect(unsafe_code, reason = "the C library's calls have no safe form that could be defined")]

use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use libc::{c_char, c_int, c_long, c_uint, c_void, iovec, off_t, size_t, ssize_t};

use crate::watching;

/// A number of the kernel's for what went wrong.
pub(crate) type Errno = c_int;

pub(crate) const INPUT_OUTPUT: Errno = libc::EIO;
pub(crate) const NO_ROOM: Errno = libc::ENOSPC;
pub(crate) const OTHER_DEVICE: Errno = libc::EXDEV;

/// Device and inode.
pub(crate) type Identity = (u64, u64);

type Done<T> = Result<T, Errno>;

/// What the kernel answered.
fn done(result: c_long) -> Done<usize> {
    usize::try_from(result).map_err(|_| {
        // SAFETY: the C library answers a valid pointer to the thread's own number.
        unsafe { *libc::__errno_location() }
    })
}

/// Answers as the C library does.
fn told(result: Done<usize>) -> c_long {
    match result {
        Ok(value) => c_long::try_from(value).unwrap_or(c_long::MAX),
        Err(error) => {
            // SAFETY: as above.
            unsafe { *libc::__errno_location() = error };
            -1
        }
    }
}

fn told_int(result: Done<usize>) -> c_int {
    c_int::try_from(told(result)).unwrap_or(c_int::MAX)
}

fn length_of(length: off_t) -> Done<usize> {
    usize::try_from(length).map_err(|_| libc::EINVAL)
}

pub(crate) const fn may_write(flags: c_int) -> bool {
    flags & libc::O_ACCMODE != libc::O_RDONLY || flags & (libc::O_CREAT | libc::O_TRUNC) != 0
}

pub(crate) const fn may_create(flags: c_int) -> bool {
    flags & libc::O_CREAT != 0
}

pub(crate) const fn empties(flags: c_int) -> bool {
    flags & libc::O_TRUNC != 0
}

pub(crate) const fn without_emptying(flags: c_int) -> c_int {
    flags & !libc::O_TRUNC
}

pub(crate) fn open(at: RawFd, path: &CStr, flags: c_int, mode: c_uint) -> Done<RawFd> {
    // SAFETY: the path ends in a zero byte and outlives the call.
    let result = unsafe { libc::syscall(libc::SYS_openat, at, path.as_ptr(), flags, mode) };
    done(result).map(|descriptor| RawFd::try_from(descriptor).unwrap_or(-1))
}

pub(crate) fn write(descriptor: RawFd, bytes: &[u8]) -> Done<usize> {
    // SAFETY: the bytes outlive the call, which only reads them.
    done(unsafe { libc::syscall(libc::SYS_write, descriptor, bytes.as_ptr(), bytes.len()) })
}

pub(crate) fn write_at(descriptor: RawFd, bytes: &[u8], offset: usize) -> Done<usize> {
    let (from, count) = (bytes.as_ptr(), bytes.len());
    // SAFETY: the bytes outlive the call, which only reads them.
    done(unsafe { libc::syscall(libc::SYS_pwrite64, descriptor, from, count, offset) })
}

pub(crate) fn set_length(descriptor: RawFd, length: usize) -> Done<()> {
    // SAFETY: no memory is involved.
    done(unsafe { libc::syscall(libc::SYS_ftruncate, descriptor, length) }).map(drop)
}

pub(crate) fn unlink(at: RawFd, path: &CStr, flags: c_int) -> Done<()> {
    // SAFETY: the path ends in a zero byte and outlives the call.
    done(unsafe { libc::syscall(libc::SYS_unlinkat, at, path.as_ptr(), flags) }).map(drop)
}

pub(crate) fn make_directory(at: RawFd, path: &CStr, mode: c_uint) -> Done<()> {
    // SAFETY: the path ends in a zero byte and outlives the call.
    done(unsafe { libc::syscall(libc::SYS_mkdirat, at, path.as_ptr(), mode) }).map(drop)
}

pub(crate) fn rename(from_at: RawFd, from: &CStr, to_at: RawFd, to: &CStr) -> Done<()> {
    let (from, to, none) = (from.as_ptr(), to.as_ptr(), 0);
    // SAFETY: both paths end in a zero byte and outlive the call.
    done(unsafe { libc::syscall(libc::SYS_renameat2, from_at, from, to_at, to, none) }).map(drop)
}

fn status(descriptor: RawFd) -> Option<libc::stat> {
    let mut status = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the call fills the place, which is large enough, or fails.
    if unsafe { libc::fstat(descriptor, status.as_mut_ptr()) } != 0 {
        return None;
    }
    // SAFETY: it was filled.
    Some(unsafe { status.assume_init() })
}

/// Which file a descriptor is of, if it is a plain one.
pub(crate) fn identity(descriptor: RawFd) -> Option<Identity> {
    let status = status(descriptor)?;
    (status.st_mode & libc::S_IFMT == libc::S_IFREG).then_some((status.st_dev, status.st_ino))
}

/// The path of a descriptor, if it is a directory's.
pub(crate) fn directory(descriptor: RawFd) -> Option<PathBuf> {
    let is_directory = status(descriptor)?.st_mode & libc::S_IFMT == libc::S_IFDIR;
    is_directory.then(|| path_of(descriptor)).flatten()
}

fn path_of(descriptor: RawFd) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{descriptor}")).ok()
}

/// The absolute form of a path as a call was given it.
pub(crate) fn absolute(at: RawFd, path: &CStr) -> Option<PathBuf> {
    let path = Path::new(OsStr::from_bytes(path.to_bytes()));
    if path.is_absolute() {
        return Some(path.to_owned());
    }
    let base = if at == libc::AT_FDCWD { std::env::current_dir().ok() } else { path_of(at) };
    Some(base?.join(path))
}

/// Where the next plain write of a descriptor goes, in a file of this length.
pub(crate) fn position(descriptor: RawFd, length: usize) -> Done<usize> {
    // SAFETY: no memory is involved.
    let flags = unsafe { libc::fcntl(descriptor, libc::F_GETFL) };
    if flags & libc::O_APPEND != 0 {
        return Ok(length);
    }
    // SAFETY: no memory is involved.
    done(unsafe { libc::syscall(libc::SYS_lseek, descriptor, 0, libc::SEEK_CUR) })
}

/// What a file holds. A descriptor that cannot be read is opened again: closing another descriptor
/// of a file drops SQLite's locks on it, but SQLite opens its files for reading too.
pub(crate) fn content(descriptor: RawFd) -> Done<Vec<u8>> {
    read_all(descriptor).or_else(|_| {
        content_of(Path::new(&format!("/proc/self/fd/{descriptor}"))).map(|read| read.1)
    })
}

/// What the file at a path holds, and which file it is.
pub(crate) fn content_of(path: &Path) -> Done<(Identity, Vec<u8>)> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| libc::EINVAL)?;
    let descriptor = open(libc::AT_FDCWD, &path, libc::O_RDONLY | libc::O_CLOEXEC, 0)?;
    let content = read_all(descriptor);
    let identity = identity(descriptor).ok_or(libc::EINVAL);
    // SAFETY: it was opened above, and nobody else knows it.
    unsafe { libc::close(descriptor) };
    Ok((identity?, content?))
}

/// Holds the file at a path, without any right to it: closing it again drops no locks.
pub(crate) fn hold(path: &Path) -> Done<OwnedFd> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| libc::EINVAL)?;
    let descriptor = open(libc::AT_FDCWD, &path, libc::O_PATH | libc::O_CLOEXEC, 0)?;
    // SAFETY: it was opened above, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn read_all(descriptor: RawFd) -> Done<Vec<u8>> {
    let length = status(descriptor).map_or(0, |status| status.st_size);
    let mut bytes = vec![0; length_of(length)?];
    let mut read = 0;
    while read < bytes.len() {
        let rest = &mut bytes[read..];
        let (to, count) = (rest.as_mut_ptr(), rest.len());
        // SAFETY: the bytes outlive the call and have room for so many.
        match done(unsafe { libc::syscall(libc::SYS_pread64, descriptor, to, count, read) })? {
            0 => return Err(INPUT_OUTPUT),
            more => read += more,
        }
    }
    Ok(bytes)
}

/// # Safety
/// As of the C library's function.
unsafe fn path<'a>(path: *const c_char) -> &'a CStr {
    // SAFETY: whoever calls one of the functions below gives a string that ends in a zero byte and
    // outlives the call.
    unsafe { CStr::from_ptr(path) }
}

/// # Safety
/// As of the C library's function.
unsafe fn bytes<'a>(from: *const c_void, count: size_t) -> &'a [u8] {
    if count == 0 {
        return &[];
    }
    // SAFETY: whoever calls one of the functions below gives so many bytes that can be read.
    unsafe { std::slice::from_raw_parts(from.cast(), count) }
}

/// # Safety
/// As of the C library's function.
unsafe fn parts(from: *const iovec, count: c_int) -> Vec<u8> {
    let count = usize::try_from(count).unwrap_or(0);
    let mut all = Vec::new();
    for index in 0..count {
        // SAFETY: whoever calls one of the functions below gives so many parts.
        let part = unsafe { &*from.add(index) };
        // SAFETY: each of which says how many bytes it has.
        all.extend_from_slice(unsafe { bytes(part.iov_base, part.iov_len) });
    }
    all
}

/// # Safety
/// As of the C library's function.
unsafe fn open_at(at: c_int, name: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: passed on.
    let name = unsafe { path(name) };
    let opened =
        watching::open(at, name, flags, mode).unwrap_or_else(|| open(at, name, flags, mode));
    told_int(opened.map(|descriptor| usize::try_from(descriptor).unwrap_or(0)))
}

fn write_where(descriptor: c_int, bytes: &[u8], at: Option<usize>) -> ssize_t {
    let written = watching::write(descriptor, bytes, at).unwrap_or_else(|| match at {
        Some(offset) => write_at(descriptor, bytes, offset),
        None => write(descriptor, bytes),
    });
    ssize_t::try_from(told(written)).unwrap_or(ssize_t::MAX)
}

fn write_from(descriptor: c_int, bytes: &[u8], offset: off_t) -> ssize_t {
    match length_of(offset) {
        Ok(offset) => write_where(descriptor, bytes, Some(offset)),
        Err(error) => ssize_t::try_from(told(Err(error))).unwrap_or(-1),
    }
}

fn cut(descriptor: c_int, length: off_t) -> c_int {
    let done = length_of(length).and_then(|length| {
        watching::set_length(descriptor, length).unwrap_or_else(|| set_length(descriptor, length))
    });
    told_int(done.map(|()| 0))
}

fn sync_by(call: c_long, descriptor: c_int) -> c_int {
    // SAFETY: no memory is involved.
    let by_kernel = || done(unsafe { libc::syscall(call, descriptor) }).map(drop);
    told_int(watching::sync(descriptor).unwrap_or_else(by_kernel).map(|()| 0))
}

fn allocate(descriptor: c_int, mode: c_int, offset: off_t, length: off_t) -> Done<()> {
    let end = length_of(offset.saturating_add(length))?;
    let by_kernel = || {
        let call = libc::SYS_fallocate;
        // SAFETY: no memory is involved.
        done(unsafe { libc::syscall(call, descriptor, mode, offset, length) }).map(drop)
    };
    if mode != 0 && watching::knows(descriptor) {
        return Err(libc::EOPNOTSUPP);
    }
    watching::reserve(descriptor, end).unwrap_or_else(by_kernel)
}

/// Defines functions of the C library. The types of their arguments are its own; `mode`, which it
/// takes only sometimes, lies in a register that may hold anything when it is not given.
macro_rules! functions {
    ($($(#[$meta:meta])* fn $name:ident($($argument:ident: $of:ty),*) -> $answer:ty $body:block)*) => {$(
        $(#[$meta])*
        /// # Safety
        /// As of the C library's function.
        // SAFETY: it does what the C library's function of this name does.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: $of),*) -> $answer $body
    )*};
}

// SAFETY: in all of these: what the caller promises is passed on.
functions! {
    fn open64(name: *const c_char, flags: c_int, mode: c_uint) -> c_int {
        unsafe { open_at(libc::AT_FDCWD, name, flags, mode) }
    }
    fn openat(at: c_int, name: *const c_char, flags: c_int, mode: c_uint) -> c_int {
        unsafe { open_at(at, name, flags, mode) }
    }
    fn openat64(at: c_int, name: *const c_char, flags: c_int, mode: c_uint) -> c_int {
        unsafe { open_at(at, name, flags, mode) }
    }
    fn creat(name: *const c_char, mode: c_uint) -> c_int {
        let flags = libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC;
        unsafe { open_at(libc::AT_FDCWD, name, flags, mode) }
    }
    fn pwrite(descriptor: c_int, from: *const c_void, count: size_t, at: off_t) -> ssize_t {
        write_from(descriptor, unsafe { bytes(from, count) }, at)
    }
    fn pwrite64(descriptor: c_int, from: *const c_void, count: size_t, at: off_t) -> ssize_t {
        write_from(descriptor, unsafe { bytes(from, count) }, at)
    }
    fn pwritev(descriptor: c_int, from: *const iovec, count: c_int, at: off_t) -> ssize_t {
        write_from(descriptor, &unsafe { parts(from, count) }, at)
    }
    fn pwritev64(descriptor: c_int, from: *const iovec, count: c_int, at: off_t) -> ssize_t {
        write_from(descriptor, &unsafe { parts(from, count) }, at)
    }
    fn ftruncate(descriptor: c_int, length: off_t) -> c_int {
        cut(descriptor, length)
    }
    fn ftruncate64(descriptor: c_int, length: off_t) -> c_int {
        cut(descriptor, length)
    }
    fn fallocate(descriptor: c_int, mode: c_int, offset: off_t, length: off_t) -> c_int {
        told_int(allocate(descriptor, mode, offset, length).map(|()| 0))
    }
    fn fallocate64(descriptor: c_int, mode: c_int, offset: off_t, length: off_t) -> c_int {
        told_int(allocate(descriptor, mode, offset, length).map(|()| 0))
    }
    fn posix_fallocate(descriptor: c_int, offset: off_t, length: off_t) -> c_int {
        allocate(descriptor, 0, offset, length).err().unwrap_or(0)
    }
    fn posix_fallocate64(descriptor: c_int, offset: off_t, length: off_t) -> c_int {
        allocate(descriptor, 0, offset, length).err().unwrap_or(0)
    }
    fn fsync(descriptor: c_int) -> c_int {
        sync_by(libc::SYS_fsync, descriptor)
    }
    fn fdatasync(descriptor: c_int) -> c_int {
        sync_by(libc::SYS_fdatasync, descriptor)
    }
    fn unlinkat(at: c_int, name: *const c_char, flags: c_int) -> c_int {
        let name = unsafe { path(name) };
        let done = watching::unlink(at, name, flags);
        told_int(done.unwrap_or_else(|| self::unlink(at, name, flags)).map(|()| 0))
    }
    fn rmdir(name: *const c_char) -> c_int {
        unsafe { unlinkat(libc::AT_FDCWD, name, libc::AT_REMOVEDIR) }
    }
    fn mkdirat(at: c_int, name: *const c_char, mode: c_uint) -> c_int {
        let name = unsafe { path(name) };
        let done = watching::make_directory(at, name, mode);
        told_int(done.unwrap_or_else(|| make_directory(at, name, mode)).map(|()| 0))
    }
    fn mkdir(name: *const c_char, mode: c_uint) -> c_int {
        unsafe { mkdirat(libc::AT_FDCWD, name, mode) }
    }
    fn renameat(a: c_int, from: *const c_char, b: c_int, to: *const c_char) -> c_int {
        let (from, to) = unsafe { (path(from), path(to)) };
        let done = watching::rename(a, from, b, to);
        told_int(done.unwrap_or_else(|| self::rename(a, from, b, to)).map(|()| 0))
    }
    fn copy_file_range(
        from: c_int, from_at: *mut off_t, to: c_int, to_at: *mut off_t, count: size_t, flags: c_uint
    ) -> ssize_t {
        if watching::knows(to) {
            return ssize_t::try_from(told(Err(libc::ENOSYS))).unwrap_or(-1);
        }
        let call = libc::SYS_copy_file_range;
        let done = done(unsafe { libc::syscall(call, from, from_at, to, to_at, count, flags) });
        ssize_t::try_from(told(done)).unwrap_or(ssize_t::MAX)
    }
    fn sendfile(to: c_int, from: c_int, at: *mut off_t, count: size_t) -> ssize_t {
        if watching::knows(to) {
            return ssize_t::try_from(told(Err(libc::ENOSYS))).unwrap_or(-1);
        }
        let done = done(unsafe { libc::syscall(libc::SYS_sendfile, to, from, at, count) });
        ssize_t::try_from(told(done)).unwrap_or(ssize_t::MAX)
    }
    fn sendfile64(to: c_int, from: c_int, at: *mut off_t, count: size_t) -> ssize_t {
        unsafe { sendfile(to, from, at, count) }
    }
}

/// Names that are also those of functions above.
mod plain {
    use super::{c_char, c_int, c_uint, c_void, iovec, size_t, ssize_t};

    functions! {
        fn open(name: *const c_char, flags: c_int, mode: c_uint) -> c_int {
            unsafe { super::open_at(libc::AT_FDCWD, name, flags, mode) }
        }
        fn write(descriptor: c_int, from: *const c_void, count: size_t) -> ssize_t {
            super::write_where(descriptor, unsafe { super::bytes(from, count) }, None)
        }
        fn writev(descriptor: c_int, from: *const iovec, count: c_int) -> ssize_t {
            super::write_where(descriptor, &unsafe { super::parts(from, count) }, None)
        }
        fn unlink(name: *const c_char) -> c_int {
            unsafe { super::unlinkat(libc::AT_FDCWD, name, 0) }
        }
        fn rename(from: *const c_char, to: *const c_char) -> c_int {
            unsafe { super::renameat(libc::AT_FDCWD, from, libc::AT_FDCWD, to) }
        }
    }
}
