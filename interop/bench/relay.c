/*
 * The floor of the benchmark: accepts BGP sessions and copies every UPDATE that one client sends to all of them,
 * unread. What it takes is what the load generator and the kernel take: no route reflector can be faster.
 * Arguments: relay PORT AS HOLD-TIME.
 */
#define _GNU_SOURCE
#include "workload.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_CLIENTS = 4096, READ_SIZE = 1 << 18, WRITE_SIZE = 1 << 20 };

struct client {
  int fd, open, writing;
  uint8_t *rest; /* start of a message whose end has not arrived */
  unsigned rest_length;
  size_t sent;
};

static struct client clients[MAX_CLIENTS];
static unsigned client_count;
static int epoll_fd;
static unsigned as, hold;
static struct stream log_; /* everything that was ever relayed */

static void append(const uint8_t *message, unsigned length) {
  if (log_.length + length > log_.capacity) {
    log_.capacity = log_.capacity * 2 + (64 << 20);
    log_.bytes = realloc(log_.bytes, log_.capacity);
    if (!log_.bytes) {
      perror("relay");
      exit(1);
    }
  }
  memcpy(log_.bytes + log_.length, message, length);
  log_.length += length;
}

static void say(struct client *c, unsigned type, const uint8_t *body, unsigned length) {
  uint8_t message[64];
  memset(message, 0xff, 16);
  put16(message + 16, HEADER + length);
  message[18] = (uint8_t)type;
  memcpy(message + HEADER, body, length);
  /* Nothing else is under way on a session that is being opened, so this fits into the socket. */
  if (send(c->fd, message, HEADER + length, MSG_NOSIGNAL) != (ssize_t)(HEADER + length)) perror("relay: send");
}

static void answer_open(struct client *c) {
  uint8_t body[29] = { 4 }, *p = body + 1;
  put16(p, as > 65535 ? 23456 : as);
  put16(p + 2, hold);
  put32(p + 4, 0x0a000001);
  const uint8_t parameters[] = { 16, 2, 6, 1, 4, 0, 1, 0, 1, 2, 6, 65, 4 };
  memcpy(p + 8, parameters, sizeof parameters);
  put32(p + 8 + sizeof parameters, as);
  say(c, MSG_OPEN, body, 8 + 1 + sizeof parameters + 4);
  say(c, MSG_KEEPALIVE, NULL, 0);
  c->open = 1;
  c->sent = log_.length;
}

static void drop(struct client *c) {
  close(c->fd);
  c->fd = -1;
  c->open = 0;
}

static void read_some(struct client *c) {
  static uint8_t buffer[MAX_MESSAGE + READ_SIZE];
  memcpy(buffer, c->rest, c->rest_length);
  ssize_t n = recv(c->fd, buffer + c->rest_length, READ_SIZE, 0);
  if (n <= 0) {
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) drop(c);
    return;
  }
  uint8_t *p = buffer, *end = buffer + c->rest_length + n;
  for (; end - p >= HEADER && end - p >= get16(p + 16); p += get16(p + 16)) {
    if (get16(p + 16) < HEADER || get16(p + 16) > MAX_MESSAGE) return drop(c);
    if (p[18] == MSG_OPEN) answer_open(c);
    else if (p[18] == MSG_UPDATE) append(p, get16(p + 16));
  }
  c->rest_length = (unsigned)(end - p);
  memcpy(c->rest, p, c->rest_length);
}

static void write_some(struct client *c) {
  if (c->fd < 0 || !c->open) return;
  if (c->sent < log_.length) {
    size_t left = log_.length - c->sent;
    ssize_t n = send(c->fd, log_.bytes + c->sent, left < WRITE_SIZE ? left : WRITE_SIZE, MSG_NOSIGNAL);
    if (n > 0) c->sent += (size_t)n;
  }
  int more = c->sent < log_.length;
  if (more == c->writing) return;
  c->writing = more;
  struct epoll_event event = { .events = EPOLLIN | (more ? EPOLLOUT : 0), .data.ptr = c };
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
}

static void accept_one(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
  if (fd < 0) return;
  if (client_count == MAX_CLIENTS) {
    close(fd);
    return;
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct client *c = &clients[client_count++];
  c->fd = fd;
  c->rest = malloc(MAX_MESSAGE);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

int main(int count, char **arguments) {
  if (count != 4) {
    fprintf(stderr, "usage: relay PORT AS HOLD-TIME\n");
    return 2;
  }
  as = (unsigned)strtoul(arguments[2], NULL, 10);
  hold = (unsigned)strtoul(arguments[3], NULL, 10);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(arguments[1], NULL, 10)) };
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (void *)&at, sizeof at) || listen(listener, 1024)) {
    perror("relay");
    return 1;
  }
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    struct epoll_event events[64];
    int n = epoll_wait(epoll_fd, events, 64, -1);
    size_t length = log_.length;
    for (int i = 0; i < n; i++) {
      struct client *c = events[i].data.ptr;
      if (!c) accept_one(listener);
      else {
        if (c->fd >= 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_some(c);
        if (events[i].events & EPOLLOUT) write_some(c);
      }
    }
    if (log_.length == length) continue;
    for (unsigned i = 0; i < client_count; i++) write_some(&clients[i]);
  }
}
