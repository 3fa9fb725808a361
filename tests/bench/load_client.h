#pragma once
/* Many live connections in one thread: opened, drained, and watched for close frames. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { HEAD_BYTES = 1024 };

struct load_socket {
    int fd;
    bool is_open, is_closed;
    size_t head_len; /* of the 101 answer, until it is complete */
    char head[HEAD_BYTES];
    unsigned char frame[14]; /* header bytes collected so far */
    size_t frame_len;
    uint64_t payload, payload_left; /* of the frame that is being read */
    int opcode;
    uint64_t closed_ns;
    int close_code;
};

struct load {
    int epoll, port;
    size_t count;
    struct load_socket *sockets;
    uint64_t opened, closes;
    uint64_t texts, longest_text; /* frames whose payload is complete */
};

uint64_t load_now_ns(void);
void load_init(struct load *load, int port, size_t count);
/* Opens socket `index` with the cookie (upgrade request); a raw connection without one. */
void load_open(struct load *load, size_t index, const char *cookie);
/* Handles what is there; waits for at most `wait_ms`. */
void load_poll(struct load *load, int wait_ms);
/* Until all of [first, first + count) are open; exits when a connection is refused. */
void load_wait_open(struct load *load, size_t first, size_t count);
void load_send_text(struct load_socket *socket, const char *text);
/* A blocking connection for plain requests. */
int load_connect(int port);
void load_send(int fd, const char *request, size_t len);
/* Reads the whole answer, returns its status. */
int load_answer(int fd, char *answer, size_t room);
/* Sends, reads the whole answer, returns its status. */
int load_request(int fd, const char *request, size_t len, char *answer, size_t room);
/* CPU time of another process, all threads, in nanoseconds' precision. */
clockid_t load_cpu_clock(const char *pid);
double load_cpu_seconds(clockid_t clock);
/* To the core of that number; "-": anywhere. */
void load_pin(const char *core);
/* Values are sorted in place. */
double percentile_us(uint64_t *ns, size_t count, double percent);
