/* A disk that loses its power: what was written since the last sync is gone.
 *
 * Preloaded into a server, this library watches the files below POWER_LOSS_DIRECTORY. Before a write
 * it saves what the write replaces. A sync of a file forgets what was saved for it; a sync of a
 * directory forgets which names came and went in it. After SIGUSR2 one of the next calls that change
 * or sync a watched file never returns: everything that is not synced is undone, newest first, and the
 * process ends with 137. The files are then what a disk holds that keeps nothing but what was synced.
 *
 *   POWER_LOSS_DIRECTORY  what is watched: an absolute path without symbolic links
 *   POWER_LOSS_GRAVEYARD  a directory beside it (same file system) for what was unlinked or replaced
 *   POWER_LOSS_REPORT     a file that tells, after the cut, what was seen and what was undone
 *   POWER_LOSS_CALLS      how many calls after the signal still return; 0 unless said
 *   POWER_LOSS_AMONG      the end of a name: only calls for such files are counted, and only they cut
 *   POWER_LOSS_AT_START   set: as if the signal had come before the first call
 *   POWER_LOSS_KEEP       a number, not 0: of each file's unsynced writes a random first part stays;
 *                         the number is the seed
 *   POWER_LOSS_LIE        the end of a name: a sync of such a file succeeds and does nothing
 *
 * One mutex orders all watched calls. Calls that would change a file past this library end the
 * process with 99 instead of going unnoticed, and so does a length that nobody here has seen change.
 * The index of SQLite's write-ahead log (`-shm`) is memory, not durable state, and is not watched.
 * sync_file_range is no sync, because it leaves a file's length behind, so it is not even wrapped.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef __LP64__
#error "off_t must have 64 bits, so that pwrite and pwrite64 are the same"
#endif

/* What a call replaced. */
struct piece {
    struct piece *older;
    off_t offset, length_before;
    size_t size;
    char bytes[];
};

struct file {
    struct file *next;
    dev_t device;
    ino_t inode;
    int descriptor; /* our own; never closed, for that would drop the process's locks on the file */
    off_t length;
    struct piece *unsynced;
    long writes, syncs, lies, undone;
    char name[NAME_MAX + 1];
};

/* A name that came (`grave` is empty), went (`to` is empty), or moved from `path` to `to`. */
struct entry {
    struct entry *older;
    char path[PATH_MAX], to[PATH_MAX], grave[PATH_MAX];
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile sig_atomic_t power_is_off;
static struct file *files;
static struct entry *entries;
static const char *directory, *graveyard, *lie, *among;
static long calls_left;
static int graves;

static void on_signal(int number) {
    (void)number;
    power_is_off = 1;
}

__attribute__((constructor)) static void begin(void) {
    directory = getenv("POWER_LOSS_DIRECTORY");
    graveyard = getenv("POWER_LOSS_GRAVEYARD");
    lie = getenv("POWER_LOSS_LIE");
    among = getenv("POWER_LOSS_AMONG");
    const char *calls = getenv("POWER_LOSS_CALLS");
    calls_left = calls ? atol(calls) : 0;
    power_is_off = getenv("POWER_LOSS_AT_START") != NULL;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR2, &action, NULL);
}

static int open_report(void) {
    const char *path = getenv("POWER_LOSS_REPORT");
    return path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : 2;
}

static void not_modelled(const char *what, const char *name) {
    dprintf(open_report(), "not-modelled %s %s\n", what, name);
    syscall(SYS_exit_group, 99);
}

static off_t length_of(const struct file *file) {
    struct stat status;
    return fstat(file->descriptor, &status) == 0 ? status.st_size : -1;
}

static void check_length(const struct file *file) {
    if (length_of(file) != file->length) not_modelled("length", file->name);
}

static void undo_piece(struct file *file) {
    struct piece *piece = file->unsynced;
    for (size_t done = 0; done < piece->size;) {
        long wrote = syscall(SYS_pwrite64, file->descriptor, piece->bytes + done, piece->size - done,
                             piece->offset + (off_t)done);
        if (wrote <= 0) not_modelled("undo", file->name);
        done += (size_t)wrote;
    }
    if (syscall(SYS_ftruncate, file->descriptor, piece->length_before)) not_modelled("undo", file->name);
    file->undone++;
    file->length = piece->length_before;
    file->unsynced = piece->older;
}

static void undo_entry(const struct entry *entry) {
    char grave[PATH_MAX];
    snprintf(grave, sizeof grave, "%s/%d", graveyard, graves++);
    if (entry->to[0])
        syscall(SYS_renameat2, AT_FDCWD, entry->to, AT_FDCWD, entry->path, 0);
    else if (!entry->grave[0])
        syscall(SYS_renameat2, AT_FDCWD, entry->path, AT_FDCWD, grave, 0);
    if (entry->grave[0])
        syscall(SYS_linkat, AT_FDCWD, entry->grave, AT_FDCWD, entry->to[0] ? entry->to : entry->path, 0);
}

static void cut_the_power(void) {
    const char *keep = getenv("POWER_LOSS_KEEP");
    unsigned seed = keep ? (unsigned)atoi(keep) : 0;
    int report = open_report();
    for (struct file *file = files; file; file = file->next) {
        check_length(file);
        long count = 0;
        for (struct piece *piece = file->unsynced; piece; piece = piece->older) count++;
        long kept = seed ? rand_r(&seed) % (count + 1) : 0;
        for (; count > kept; count--) undo_piece(file);
        dprintf(report, "file %s %ld %ld %ld %ld\n", file->name, file->writes, file->syncs, file->lies, file->undone);
    }
    for (; entries; entries = entries->older) {
        undo_entry(entries);
        dprintf(report, "entry %s\n", entries->path);
    }
    dprintf(report, "cut\n");
    syscall(SYS_exit_group, 137);
}

static int ends_with(const char *text, const char *end) {
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* The moment of a call for a file, with the mutex held. Under it the power may fail. */
static void moment(const char *name) {
    if (power_is_off && (!among || ends_with(name, among)) && calls_left-- <= 0) cut_the_power();
}

static void enter(const char *name) {
    pthread_mutex_lock(&mutex);
    moment(name);
}

static long leave(long result) {
    int error = errno;
    pthread_mutex_unlock(&mutex);
    errno = error;
    return result;
}

/* The absolute path of a name; whether it is watched. */
static int resolve(int at, const char *name, char path[PATH_MAX]) {
    char base[PATH_MAX], link[64];
    if (!directory || !name) return 0;
    if (name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
    } else {
        snprintf(link, sizeof link, at == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", at);
        ssize_t length = readlink(link, base, sizeof base - 1);
        base[length < 0 ? 0 : length] = 0;
        if (snprintf(path, PATH_MAX, "%s/%s", base, name) >= PATH_MAX) return 0;
    }
    size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 && path[length] == '/' && !ends_with(path, "-shm");
}

/* The watched file behind a descriptor, or null. Sockets and pipes are told apart without the mutex. */
static struct file *watched(int descriptor) {
    struct stat status;
    if (!files || fstat(descriptor, &status) || !S_ISREG(status.st_mode)) return NULL;
    pthread_mutex_lock(&mutex);
    for (struct file *file = files; file; file = file->next) {
        if (file->inode != status.st_ino || file->device != status.st_dev) continue;
        moment(file->name);
        return file;
    }
    leave(0);
    return NULL;
}

static void watch(int descriptor, const char *path) {
    struct stat status;
    if (fstat(descriptor, &status) || !S_ISREG(status.st_mode)) return;
    for (struct file *file = files; file; file = file->next)
        if (file->inode == status.st_ino && file->device == status.st_dev) return;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    struct file *file = calloc(1, sizeof *file);
    file->descriptor = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDWR | O_CLOEXEC, 0);
    if (file->descriptor < 0) not_modelled("watching", path);
    file->device = status.st_dev, file->inode = status.st_ino, file->length = status.st_size;
    snprintf(file->name, sizeof file->name, "%s", strrchr(path, '/') + 1);
    file->next = files, files = file;
}

/* Saves what a call is about to replace. */
static void save(struct file *file, off_t offset, off_t size) {
    check_length(file);
    off_t rest = file->length > offset ? file->length - offset : 0;
    struct piece *piece = malloc(sizeof *piece + (size_t)(rest < size ? rest : size));
    piece->size = (size_t)(rest < size ? rest : size);
    piece->offset = offset, piece->length_before = file->length, piece->older = file->unsynced;
    for (size_t done = 0; done < piece->size;) {
        ssize_t got = pread(file->descriptor, piece->bytes + done, piece->size - done, offset + (off_t)done);
        if (got <= 0) not_modelled("saving", file->name);
        done += (size_t)got;
    }
    file->unsynced = piece;
    file->writes++;
}

static long saved(struct file *file, long result) {
    int error = errno;
    file->length = length_of(file);
    errno = error;
    return leave(result);
}

static struct entry *note(const char *path) {
    struct entry *entry = calloc(1, sizeof *entry);
    snprintf(entry->path, sizeof entry->path, "%s", path);
    entry->older = entries;
    return entry;
}

/* Keeps what a name stands for, so that the name can come back. */
static void bury(struct entry *entry, const char *path) {
    snprintf(entry->grave, sizeof entry->grave, "%s/%d", graveyard, graves++);
    if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, entry->grave, 0)) entry->grave[0] = 0;
}

static int open_at(int at, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    int changes = (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT;
    if (!changes || !resolve(at, name, path)) return (int)syscall(SYS_openat, at, name, flags, mode);
    enter(path);
    if (flags & O_DSYNC) not_modelled("open flags", path);
    int was_there = faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    /* Emptied by us, below, so that it can be undone. */
    int descriptor = (int)syscall(SYS_openat, at, name, flags & ~O_TRUNC, mode);
    if (descriptor < 0) return (int)leave(descriptor);
    watch(descriptor, path);
    if (!was_there) entries = note(path);
    leave(0);
    if (flags & O_TRUNC && was_there && ftruncate(descriptor, 0)) not_modelled("open flags", path);
    return descriptor;
}

#define MODE_OF(flags, last)                                                                                   \
    mode_t mode = 0;                                                                                           \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                                     \
        va_list list;                                                                                          \
        va_start(list, last);                                                                                  \
        mode = va_arg(list, mode_t);                                                                           \
        va_end(list);                                                                                          \
    }

int open(const char *name, int flags, ...) { MODE_OF(flags, flags) return open_at(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE_OF(flags, flags) return open_at(AT_FDCWD, name, flags, mode); }
int openat(int at, const char *name, int flags, ...) { MODE_OF(flags, flags) return open_at(at, name, flags, mode); }
int openat64(int at, const char *name, int flags, ...) { MODE_OF(flags, flags) return open_at(at, name, flags, mode); }
int creat(const char *name, mode_t mode) { return open_at(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *name, mode_t mode) { return creat(name, mode); }

/* Where a write without an offset goes to. */
static off_t place(int descriptor, const struct file *file) {
    int appends = fcntl(descriptor, F_GETFL) & O_APPEND;
    return appends ? file->length : lseek(descriptor, 0, SEEK_CUR);
}

ssize_t write(int descriptor, const void *bytes, size_t size) {
    struct file *file = watched(descriptor);
    if (file) save(file, place(descriptor, file), (off_t)size);
    long wrote = syscall(SYS_write, descriptor, bytes, size);
    return file ? saved(file, wrote) : wrote;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t offset) {
    struct file *file = watched(descriptor);
    if (file) save(file, offset, (off_t)size);
    long wrote = syscall(SYS_pwrite64, descriptor, bytes, size, offset);
    return file ? saved(file, wrote) : wrote;
}
ssize_t pwrite64(int descriptor, const void *bytes, size_t size, off_t offset) {
    return pwrite(descriptor, bytes, size, offset);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    struct file *file = watched(descriptor);
    off_t size = 0;
    for (int n = 0; file && n < count; n++) size += (off_t)parts[n].iov_len;
    if (file) save(file, place(descriptor, file), size);
    long wrote = syscall(SYS_writev, descriptor, parts, count);
    return file ? saved(file, wrote) : wrote;
}

int ftruncate(int descriptor, off_t length) {
    struct file *file = watched(descriptor);
    if (file) save(file, length, file->length > length ? file->length - length : 0);
    long done = syscall(SYS_ftruncate, descriptor, length);
    return (int)(file ? saved(file, done) : done);
}
int ftruncate64(int descriptor, off_t length) { return ftruncate(descriptor, length); }

int fallocate(int descriptor, int mode, off_t offset, off_t size) {
    struct file *file = watched(descriptor);
    if (file && mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)) not_modelled("fallocate", file->name);
    if (file) save(file, offset, size);
    long done = syscall(SYS_fallocate, descriptor, mode, offset, size);
    return (int)(file ? saved(file, done) : done);
}
int fallocate64(int descriptor, int mode, off_t offset, off_t size) {
    return fallocate(descriptor, mode, offset, size);
}
int posix_fallocate(int descriptor, off_t offset, off_t size) {
    return fallocate(descriptor, 0, offset, size) ? errno : 0;
}
int posix_fallocate64(int descriptor, off_t offset, off_t size) { return posix_fallocate(descriptor, offset, size); }

static void forget_entries_in(const char *path) {
    struct entry **link = &entries;
    while (*link) {
        char *slash = strrchr((*link)->path, '/');
        if (strlen(path) == (size_t)(slash - (*link)->path) && strncmp(path, (*link)->path, strlen(path)) == 0)
            *link = (*link)->older;
        else
            link = &(*link)->older;
    }
}

static int sync_of(int descriptor, long call) {
    struct file *file = watched(descriptor);
    if (file && lie && ends_with(file->name, lie)) return file->lies++, (int)leave(0);
    char path[PATH_MAX] = "", link[64];
    if (!file) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
        ssize_t length = readlink(link, path, sizeof path - 1);
        path[length < 0 ? 0 : length] = 0;
        enter(path);
    }
    long done = syscall(call, descriptor);
    if (done == 0 && file) {
        check_length(file);
        for (struct piece *piece = file->unsynced; piece; piece = file->unsynced) {
            file->unsynced = piece->older;
            free(piece);
        }
        file->syncs++;
    } else if (done == 0) {
        forget_entries_in(path);
    }
    return (int)leave(done);
}

int fsync(int descriptor) { return sync_of(descriptor, SYS_fsync); }
int fdatasync(int descriptor) { return sync_of(descriptor, SYS_fdatasync); }

int unlinkat(int at, const char *name, int flags) {
    char path[PATH_MAX];
    if (!resolve(at, name, path)) return (int)syscall(SYS_unlinkat, at, name, flags);
    enter(path);
    if (flags & AT_REMOVEDIR) not_modelled("rmdir", path);
    struct entry *entry = note(path);
    bury(entry, path);
    long done = syscall(SYS_unlinkat, at, name, flags);
    if (done == 0) entries = entry;
    return (int)leave(done);
}
int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    char path[PATH_MAX], target[PATH_MAX];
    int leaves = resolve(from_at, from, path), arrives = resolve(to_at, to, target);
    if (!leaves && !arrives) return (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    enter(path);
    if (leaves != arrives || flags) not_modelled("rename", path);
    struct entry *entry = note(path);
    snprintf(entry->to, sizeof entry->to, "%s", target);
    bury(entry, target);
    long done = syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    if (done == 0) entries = entry;
    return (int)leave(done);
}
int renameat(int from_at, const char *from, int to_at, const char *to) {
    return renameat2(from_at, from, to_at, to, 0);
}
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int mkdir(const char *name, mode_t mode) {
    char path[PATH_MAX];
    if (!resolve(AT_FDCWD, name, path)) return (int)syscall(SYS_mkdirat, AT_FDCWD, name, mode);
    enter(path);
    long done = syscall(SYS_mkdirat, AT_FDCWD, name, mode);
    if (done == 0) entries = note(path);
    return (int)leave(done);
}

static void refuse(int descriptor, const char *what) {
    struct file *file = watched(descriptor);
    if (file) not_modelled(what, file->name);
}

void *mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset) {
    if (descriptor >= 0 && flags & MAP_SHARED && protection & PROT_WRITE) refuse(descriptor, "mmap");
    return (void *)syscall(SYS_mmap, address, size, protection, flags, descriptor, offset);
}
void *mmap64(void *address, size_t size, int protection, int flags, int descriptor, off_t offset) {
    return mmap(address, size, protection, flags, descriptor, offset);
}

ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at, size_t size, unsigned flags) {
    refuse(to, "copy_file_range");
    return syscall(SYS_copy_file_range, from, from_at, to, to_at, size, flags);
}

ssize_t sendfile64(int to, int from, off_t *offset, size_t size) {
    refuse(to, "sendfile");
    return syscall(SYS_sendfile, to, from, offset, size);
}
ssize_t sendfile(int to, int from, off_t *offset, size_t size) { return sendfile64(to, from, offset, size); }

ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off_t offset) {
    refuse(descriptor, "pwritev");
    return syscall(SYS_pwritev, descriptor, parts, count, offset, 0);
}
ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
    return pwritev64(descriptor, parts, count, offset);
}
