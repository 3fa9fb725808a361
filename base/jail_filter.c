#include "base/jail_filter.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#include <seccomp.h>

/* What computing needs: memory, the own socket (0 to 3 are the only descriptors, and no call makes
 * another), clock and randomness, the timer of the message, the end. */
static const int PURE[] = {
    SCMP_SYS(read),   SCMP_SYS(write),         SCMP_SYS(brk),       SCMP_SYS(munmap),
    SCMP_SYS(mremap), SCMP_SYS(madvise),       SCMP_SYS(futex),     SCMP_SYS(getrandom),
    SCMP_SYS(getpid), SCMP_SYS(clock_gettime), SCMP_SYS(setitimer), SCMP_SYS(exit_group),
};

/* lasso looks for files by the text of keys, and for certificates of authorities: it is told that
 * it may not, and goes on. */
static const int DENIED_FILES_ALLOWED[] = {SCMP_SYS(close), SCMP_SYS(getppid)};
static const int DENIED_FILES[] = {
    SCMP_SYS(openat), SCMP_SYS(open),     SCMP_SYS(stat),   SCMP_SYS(newfstatat),
    SCMP_SYS(access), SCMP_SYS(readlink), SCMP_SYS(getcwd),
};

/* With a sanitizer: what must never work, in place of what may. */
static const int NEVER_ALLOWED[] = {
    SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect),
    SCMP_SYS(fork),   SCMP_SYS(vfork),      SCMP_SYS(execve),
    SCMP_SYS(ptrace), SCMP_SYS(kill),       SCMP_SYS(process_vm_writev),
};

static bool add_all(scmp_filter_ctx context, uint32_t action, const int *calls, size_t count) {
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        is_good = is_good && seccomp_rule_add(context, action, calls[i], 0) == 0;
    }
    return is_good;
}

/* Memory, but none that can be run. */
static bool add_memory(scmp_filter_ctx context) {
    const struct scmp_arg_cmp not_executable = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    return seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, not_executable) == 0 &&
           seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, not_executable) == 0;
}

#define ADD(context, action, calls)                                                                \
    add_all(context, action, calls, sizeof(calls) / sizeof(calls)[0])

static bool add_allowed(scmp_filter_ctx context, enum jail_filter filter) {
    if (!add_memory(context) || !ADD(context, SCMP_ACT_ALLOW, PURE)) {
        return false;
    }
    return filter == JAIL_PURE ||
           (ADD(context, SCMP_ACT_ALLOW, DENIED_FILES_ALLOWED) &&
            ADD(context, SCMP_ACT_ERRNO(EACCES), DENIED_FILES) &&
            seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0) == 0);
}

bool jail_filter_load(enum jail_filter filter) {
    const uint32_t usual = JAIL_IS_SANITIZED ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS;
    scmp_filter_ctx context = seccomp_init(usual);
    if (context == NULL) {
        return false;
    }
    const bool is_built = JAIL_IS_SANITIZED ? ADD(context, SCMP_ACT_KILL_PROCESS, NEVER_ALLOWED)
                                            : add_allowed(context, filter);
    const bool is_loaded = is_built && seccomp_load(context) == 0;
    seccomp_release(context);
    return is_loaded;
}
