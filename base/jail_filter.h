#pragma once
/* The one place that knows libseccomp: which system calls are left to a child. */

#include <stdbool.h>

#include "base/jail.h"

/* Builds with a sanitizer need calls of their own: they get a filter that only forbids. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define JAIL_IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define JAIL_IS_SANITIZED 1
#endif
#endif
#ifndef JAIL_IS_SANITIZED
#define JAIL_IS_SANITIZED 0
#endif

/* For good, for the calling process. False: the kernel refuses; the process must end. */
bool jail_filter_load(enum jail_filter filter);
