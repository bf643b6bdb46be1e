/*
 * Load generator: opens many iBGP sessions to one daemon, plays prebuilt UPDATE streams into some of them and
 * measures, for every receiver, how long it takes until it holds what it must hold. One thread, epoll.
 * Arguments are key=value pairs (see `options` below); one JSON object a line on standard output.
 */
#define _GNU_SOURCE
#include "workload.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum state { IDLE, CONNECTING, OPEN_SENT, OPEN_CONFIRM, ESTABLISHED, CLOSED };
enum { CONNECT_WINDOW = 8, READ_SIZE = 1 << 18, WRITE_SIZE = 1 << 20, TICK_MS = 10, DIFFERENT = 0x8000 };

struct client {
  int fd;
  enum state state;
  unsigned index;
  int sender, receiver;
  double retry_at, keepalive_at, heard_at, worst_silence;
  uint8_t out[64]; /* OPEN or KEEPALIVE that did not fit into the socket */
  unsigned out_length;
  const struct stream *stream;
  size_t sent;
  uint8_t rest[MAX_MESSAGE]; /* start of a message whose end has not arrived */
  unsigned rest_length;
  uint16_t *owner; /* by prefix number: sender + 1 of the path held, or 0; DIFFERENT where its attributes are not as sent */
  uint32_t *owned; /* by sender: how many of its paths are held */
  uint32_t held;
  double finished, last_update;
  int writing, stalled;
  uint64_t bytes, messages, different, foreign, echoed, unreflected;
};

enum goal { HOLD_ALL, HOLD_NONE, LEAVE_SENDER };

static struct {
  const char *host, *mode, *file, *phases, *stall, *source;
  unsigned port, as, clients, senders, prefixes, sets, per, hold, timeout, settle, receive_buffer;
} options = {
  .host = "127.0.0.1", .mode = "table", .file = "", .phases = "announce,withdraw", .stall = "", .source = "127.64.0.1",
  .port = 1790, .as = 65000, .clients = 10, .senders = 1, .prefixes = 1000000, .sets = 166667, .per = 20, .hold = 90,
  .timeout = 300, .settle = 300, .receive_buffer = 0,
};

static struct workload work;
static struct stream *announce_streams, *withdraw_streams;
static struct client *clients;
static unsigned client_count, up, lost;
static int epoll_fd;
static double phase_start;
static enum goal goal;
static unsigned leaving;
static unsigned unfinished;
static double update_seen;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void say_error(const struct client *c, const char *what) {
  printf("{\"error\":\"client %u: %s\"}\n", c->index, what);
  fflush(stdout);
}

static void watch(struct client *c, int writing) {
  struct epoll_event event = { .events = writing ? EPOLLOUT : 0, .data.ptr = c };
  if (!c->stalled) event.events |= EPOLLIN;
  c->writing = writing;
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
}

static void drop(struct client *c, const char *why) {
  if (c->state == ESTABLISHED) {
    up--;
    lost++;
    say_error(c, why);
    c->state = CLOSED;
  } else {
    c->state = IDLE;
    c->retry_at = now() + 200;
  }
  close(c->fd);
  c->fd = -1;
  c->rest_length = c->out_length = 0;
}

static void start_connect(struct client *c) {
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (options.receive_buffer)
    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer, sizeof options.receive_buffer);
  struct sockaddr_in from = { .sin_family = AF_INET }, to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)options.port) };
  from.sin_addr.s_addr = htonl(ntohl(inet_addr(options.source)) + c->index);
  to.sin_addr.s_addr = inet_addr(options.host);
  if (bind(c->fd, (void *)&from, sizeof from)) {
    perror("loadgen: bind");
    exit(2);
  }
  c->state = CONNECTING;
  if (connect(c->fd, (void *)&to, sizeof to) && errno != EINPROGRESS) {
    drop(c, "connect");
    return;
  }
  struct epoll_event event = { .events = EPOLLOUT, .data.ptr = c };
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
}

static void send_small(struct client *c, const uint8_t *bytes, unsigned length) {
  ssize_t n = send(c->fd, bytes, length, MSG_NOSIGNAL);
  if (n < 0) n = 0;
  if ((unsigned)n == length) return;
  memcpy(c->out, bytes + n, length - (unsigned)n);
  c->out_length = length - (unsigned)n;
  watch(c, 1);
}

static void send_keepalive(struct client *c) {
  uint8_t message[HEADER];
  memset(message, 0xff, 16);
  put16(message + 16, HEADER);
  message[18] = MSG_KEEPALIVE;
  /* Inside a stream the UPDATEs keep the session alive, and a message must not be cut in two. */
  if (c->out_length || (c->stream && c->sent < c->stream->length)) return;
  send_small(c, message, HEADER);
}

static void send_open(struct client *c) {
  uint8_t m[64], *p = m + HEADER;
  memset(m, 0xff, 16);
  *p++ = 4;
  put16(p, options.as > 65535 ? 23456 : options.as);
  put16(p + 2, options.hold);
  put32(p + 4, 0x0a800001u + c->index);
  p += 8;
  /* Capabilities: IPv4 unicast (RFC 4760), 4-octet AS (RFC 6793). */
  const uint8_t parameters[] = { 16, 2, 6, 1, 4, 0, 1, 0, 1, 2, 6, 65, 4 };
  memcpy(p, parameters, sizeof parameters);
  p += sizeof parameters;
  put32(p, options.as);
  p += 4;
  put16(m + 16, (unsigned)(p - m));
  m[18] = MSG_OPEN;
  send_small(c, m, (unsigned)(p - m));
  c->state = OPEN_SENT;
  watch(c, c->out_length > 0);
}

static int goal_met(const struct client *c) {
  switch (goal) {
  case HOLD_ALL: return c->held == work.expected - (c->sender ? options.per : 0);
  case HOLD_NONE: return c->held == 0;
  case LEAVE_SENDER: return c->held == work.expected && c->owned[leaving] == 0;
  }
  return 0;
}

static void set_owner(struct client *c, uint32_t n, unsigned owner, int different) {
  unsigned entry = owner | (different ? DIFFERENT : 0);
  if (c->owner[n] == entry) return;
  unsigned before = c->owner[n] & ~(unsigned)DIFFERENT;
  if (c->owner[n] & DIFFERENT) c->different--;
  if (different) c->different++;
  c->owner[n] = (uint16_t)entry;
  if (before) c->owned[before - 1]--;
  if (owner) c->owned[owner - 1]++;
  c->held += (owner ? 1u : 0u) - (before ? 1u : 0u);
}

/* The counts are kept in registers: 50 clients look at 25 million of these in a tenth of a second. */
static void read_withdrawals(struct client *c, const uint8_t *p, const uint8_t *end) {
  uint16_t *owners = c->owner;
  unsigned last = 0;
  uint32_t gone = 0, of_last = 0;
  for (; p < end; p += 1 + (p[0] + 7) / 8) {
    uint32_t n = prefix_number(&work, p);
    if (n == NO_PREFIX) {
      c->foreign++;
      continue;
    }
    unsigned entry = owners[n];
    if (!entry) continue;
    owners[n] = 0;
    gone++;
    if (entry & DIFFERENT) c->different--;
    entry &= ~(unsigned)DIFFERENT;
    if (entry != last) {
      if (last) c->owned[last - 1] -= of_last;
      last = entry;
      of_last = 0;
    }
    of_last++;
  }
  if (last) c->owned[last - 1] -= of_last;
  c->held -= gone;
}

static void read_update(struct client *c, const uint8_t *m, const uint8_t *end) {
  const uint8_t *p = m + HEADER + 2, *attrs = p + get16(m + HEADER);
  if (attrs + 2 > end) return;
  const uint8_t *nlri = attrs + 2 + get16(attrs);
  if (p == attrs && attrs + 2 == end) return; /* End-of-RIB */
  if (p < attrs) read_withdrawals(c, p, attrs);
  if (nlri >= end) return;
  struct attributes attributes;
  read_attributes(&work, attrs + 2, nlri, &attributes);
  unsigned owner = work.recorded ? 0 : attributes.next_hop - NEXT_HOP_BASE;
  if (owner >= client_count) {
    c->foreign++;
    return;
  }
  if (!attributes.originator_id || !attributes.cluster_list) c->unreflected++;
  if (owner == c->index && c->sender) {
    /* RFC 4456 section 8: a router ignores a route with its own ORIGINATOR_ID. Some reflectors rely on that. */
    c->echoed++;
    return;
  }
  for (p = nlri; p < end; p += 1 + (p[0] + 7) / 8) {
    uint32_t n = prefix_number(&work, p);
    if (n == NO_PREFIX) {
      c->foreign++;
      continue;
    }
    set_owner(c, n, owner + 1, work.digest[n] != attributes.digest);
  }
}

static void read_message(struct client *c, const uint8_t *m, unsigned length) {
  switch (m[18]) {
  case MSG_OPEN:
    c->state = OPEN_CONFIRM;
    send_keepalive(c);
    break;
  case MSG_KEEPALIVE:
    if (c->state == OPEN_CONFIRM) {
      c->state = ESTABLISHED;
      up++;
    }
    break;
  case MSG_NOTIFICATION: {
    if (c->state != ESTABLISHED) break; /* a daemon that is still starting: tried again */
    char text[64];
    snprintf(text, sizeof text, "NOTIFICATION %u.%u", m[HEADER], m[HEADER + 1]);
    say_error(c, text);
    break;
  }
  case MSG_UPDATE:
    c->messages++;
    if (c->receiver) read_update(c, m, m + length);
    break;
  }
}

static void read_some(struct client *c, double at) {
  static uint8_t buffer[MAX_MESSAGE + READ_SIZE];
  memcpy(buffer, c->rest, c->rest_length);
  ssize_t n = recv(c->fd, buffer + c->rest_length, READ_SIZE, 0);
  if (n <= 0) {
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) drop(c, n ? strerror(errno) : "closed by the daemon");
    return;
  }
  if (c->state == ESTABLISHED && at - c->heard_at > c->worst_silence) c->worst_silence = at - c->heard_at;
  c->heard_at = at;
  c->bytes += (uint64_t)n;
  uint64_t messages = c->messages;
  uint8_t *p = buffer, *end = buffer + c->rest_length + n;
  while (end - p >= HEADER) {
    unsigned length = get16(p + 16);
    if (length < HEADER || length > MAX_MESSAGE) {
      drop(c, "damaged stream");
      return;
    }
    if (end - p < (long)length) break;
    read_message(c, p, length);
    p += length;
  }
  c->rest_length = (unsigned)(end - p);
  memcpy(c->rest, p, c->rest_length);
  if (c->messages == messages || !c->receiver) return;
  update_seen = c->last_update = at;
  if (c->finished == 0 && unfinished && goal_met(c)) {
    c->finished = now();
    unfinished--;
  }
}

static void write_some(struct client *c) {
  if (c->out_length) {
    ssize_t n = send(c->fd, c->out, c->out_length, MSG_NOSIGNAL);
    if (n <= 0) return;
    c->out_length -= (unsigned)n;
    memmove(c->out, c->out + n, c->out_length);
    if (c->out_length) return;
  }
  while (c->stream && c->sent < c->stream->length) {
    size_t left = c->stream->length - c->sent;
    ssize_t n = send(c->fd, c->stream->bytes + c->sent, left < WRITE_SIZE ? left : WRITE_SIZE, MSG_NOSIGNAL);
    if (n <= 0) {
      if (errno == EAGAIN && !c->writing) watch(c, 1);
      return;
    }
    c->sent += (size_t)n;
    return; /* the other sockets' turn */
  }
  c->stream = NULL;
  if (c->writing) watch(c, 0);
}

static void serve(struct client *c, uint32_t events) {
  if (c->fd < 0) return;
  if (c->state == CONNECTING) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) drop(c, strerror(error));
    else send_open(c);
    return;
  }
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_some(c, now());
  if (c->fd >= 0 && events & EPOLLOUT) write_some(c);
}

static void tick(void) {
  static double next;
  double at = now();
  if (at < next) return;
  next = at + TICK_MS;
  unsigned connecting = 0;
  for (unsigned i = 0; i < client_count; i++) {
    struct client *c = &clients[i];
    if (c->state > IDLE && c->state < OPEN_CONFIRM) connecting++;
    if (c->state == ESTABLISHED && options.hold && at >= c->keepalive_at) {
      send_keepalive(c);
      c->keepalive_at = at + options.hold * 1e3 / 3;
    }
    if (c->state == ESTABLISHED && options.hold && !c->stalled && at - c->heard_at > options.hold * 1e3)
      drop(c, "hold timer expired");
  }
  for (unsigned i = 0; i < client_count && connecting < CONNECT_WINDOW; i++)
    if (clients[i].state == IDLE && at >= clients[i].retry_at) {
      start_connect(&clients[i]);
      connecting++;
    }
}

static void turn(void) {
  struct epoll_event events[64];
  int n = epoll_wait(epoll_fd, events, 64, TICK_MS);
  for (int i = 0; i < n; i++) serve(events[i].data.ptr, events[i].events);
  tick();
}

/* Runs until no UPDATE has arrived for the settle time. */
static void settle(void) {
  update_seen = now();
  while (now() - update_seen < options.settle) turn();
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void report(const char *phase, int stalled_client) {
  double *times = malloc(sizeof *times * client_count), last = 0, silence = 0;
  unsigned n = 0, missing = 0;
  uint64_t bytes = 0, messages = 0, different = 0, foreign = 0, echoed = 0, unreflected = 0;
  for (unsigned i = 0; i < client_count; i++) {
    struct client *c = &clients[i];
    if (c->worst_silence > silence) silence = c->worst_silence;
    if (!c->receiver) continue;
    bytes += c->bytes;
    messages += c->messages;
    different += c->different;
    foreign += c->foreign;
    echoed += c->echoed;
    unreflected += c->unreflected;
    if (!goal_met(c)) missing++;
    if ((int)i == stalled_client) continue;
    if (c->finished) times[n++] = c->finished - phase_start;
    if (c->last_update - phase_start > last) last = c->last_update - phase_start;
  }
  qsort(times, n, sizeof *times, compare);
  printf("{\"phase\":\"%s\",\"prefixes\":%u,\"clients\":%u,\"finished\":%u,\"wrong\":%u", phase, work.expected, client_count, n, missing);
  if (n) printf(",\"minMs\":%.2f,\"medianMs\":%.2f,\"maxMs\":%.2f", times[0], times[n / 2], times[n - 1]);
  if (stalled_client >= 0) {
    struct client *c = &clients[stalled_client];
    printf(",\"stalledMs\":%.2f,\"stalledRight\":%s", c->finished ? c->finished - phase_start : -1, goal_met(c) ? "true" : "false");
  }
  printf(",\"settledMs\":%.2f,\"silenceMs\":%.0f,\"bytes\":%llu,\"messages\":%llu,\"different\":%llu,\"foreign\":%llu,"
         "\"echoed\":%llu,\"unreflected\":%llu,\"lost\":%u}\n",
         last, silence, (unsigned long long)bytes, (unsigned long long)messages, (unsigned long long)different,
         (unsigned long long)foreign, (unsigned long long)echoed, (unsigned long long)unreflected, lost);
  fflush(stdout);
  free(times);
  for (unsigned i = 0; i < client_count; i++) {
    struct client *c = &clients[i];
    c->bytes = c->messages = c->foreign = c->echoed = c->unreflected = 0;
    c->worst_silence = 0;
  }
}

static void play(const struct stream *streams) {
  for (unsigned i = 0; i < client_count; i++) {
    struct client *c = &clients[i];
    if (!c->sender || c->state != ESTABLISHED) continue;
    c->stream = &streams[i];
    c->sent = 0;
    watch(c, 1);
  }
}

/* Returns 0 where every receiver reached the phase's goal and kept it. */
static int run_phase(const char *phase) {
  int stalled = -1;
  unsigned delay = 0, duration = 0;
  if (!strcmp(phase, "announce") && *options.stall) sscanf(options.stall, "%d,%u,%u", &stalled, &delay, &duration);
  unfinished = 0;
  for (unsigned i = 0; i < client_count; i++) {
    clients[i].finished = clients[i].last_update = 0;
    if (clients[i].receiver) unfinished++;
  }
  phase_start = now();
  if (!strcmp(phase, "announce")) {
    goal = HOLD_ALL;
    play(announce_streams);
  } else if (!strcmp(phase, "withdraw")) {
    goal = HOLD_NONE;
    play(withdraw_streams);
  } else if (sscanf(phase, "drop%u", &leaving) == 1 && leaving < options.senders) {
    goal = LEAVE_SENDER;
    close(clients[leaving].fd);
    clients[leaving].fd = -1;
    clients[leaving].state = CLOSED;
    up--;
  } else {
    fprintf(stderr, "loadgen: unknown phase %s\n", phase);
    exit(2);
  }
  double deadline = phase_start + options.timeout * 1e3;
  while (unfinished && !lost && now() < deadline) {
    turn();
    if (stalled < 0) continue;
    double since = now() - phase_start;
    int stall = since >= delay && since < delay + duration;
    struct client *c = &clients[stalled];
    if (stall != c->stalled && c->fd >= 0) {
      c->stalled = stall;
      c->heard_at = now();
      watch(c, c->writing);
    }
  }
  int timed_out = unfinished > 0;
  settle();
  report(phase, stalled);
  if (timed_out || lost) return 1;
  for (unsigned i = 0; i < client_count; i++)
    if (clients[i].receiver && !goal_met(&clients[i])) return 1;
  return 0;
}

static void read_options(int count, char **arguments) {
  const struct { const char *key; const char **text; unsigned *number; } table[] = {
    { "host", &options.host, 0 }, { "mode", &options.mode, 0 }, { "file", &options.file, 0 },
    { "phases", &options.phases, 0 }, { "stall", &options.stall, 0 }, { "source", &options.source, 0 },
    { "port", 0, &options.port }, { "as", 0, &options.as }, { "clients", 0, &options.clients },
    { "senders", 0, &options.senders }, { "prefixes", 0, &options.prefixes }, { "sets", 0, &options.sets },
    { "per", 0, &options.per }, { "hold", 0, &options.hold }, { "timeout", 0, &options.timeout },
    { "settle", 0, &options.settle }, { "receive-buffer", 0, &options.receive_buffer },
  };
  for (int i = 1; i < count; i++) {
    unsigned row = 0, rows = sizeof table / sizeof *table;
    size_t length = strcspn(arguments[i], "=");
    while (row < rows && (strlen(table[row].key) != length || strncmp(table[row].key, arguments[i], length))) row++;
    if (row == rows || arguments[i][length] != '=') {
      fprintf(stderr, "loadgen: unknown argument %s\n", arguments[i]);
      exit(2);
    }
    if (table[row].text) *table[row].text = arguments[i] + length + 1;
    else *table[row].number = (unsigned)strtoul(arguments[i] + length + 1, NULL, 10);
  }
}

static void prepare(void) {
  int fabric = !strcmp(options.mode, "fabric");
  client_count = fabric ? options.clients : options.clients + options.senders;
  if (fabric) options.senders = client_count;
  announce_streams = calloc(client_count, sizeof *announce_streams);
  withdraw_streams = calloc(client_count, sizeof *withdraw_streams);
  if (fabric) {
    /* Client i has a run of `per` networks, all in set i: it says everything in one message. */
    generate_runs(&work, client_count, options.per);
    for (unsigned i = 0; i < client_count; i++) {
      build_run(&work, &announce_streams[i], i, options.per);
      build_withdraw(&work, &withdraw_streams[i], i * options.per, (i + 1) * options.per);
    }
  } else if (!strcmp(options.mode, "recorded")) {
    load_recorded(&work, &announce_streams[0], options.file);
    build_withdraw(&work, &withdraw_streams[0], 0, work.prefixes);
    options.senders = 1;
  } else {
    generate_table(&work, options.prefixes, options.sets);
    for (unsigned i = 0; i < options.senders; i++) {
      build_table(&work, &announce_streams[i], i, options.sets);
      build_withdraw(&work, &withdraw_streams[i], 0, options.prefixes);
    }
    options.per = 0;
  }
  clients = calloc(client_count, sizeof *clients);
  for (unsigned i = 0; i < client_count; i++) {
    struct client *c = &clients[i];
    c->fd = -1;
    c->index = i;
    c->sender = i < options.senders;
    c->receiver = fabric || !c->sender;
    if (!c->receiver) continue;
    c->owner = calloc(work.prefixes, sizeof *c->owner);
    memset(c->owner, 1, sizeof *c->owner * work.prefixes); /* have the pages before the clock runs */
    memset(c->owner, 0, sizeof *c->owner * work.prefixes);
    c->owned = calloc(client_count, sizeof *c->owned);
  }
}

int main(int count, char **arguments) {
  read_options(count, arguments);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  prepare();
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  double start = now();
  while (up < client_count) {
    turn();
    if (now() - start > options.timeout * 1e3) {
      printf("{\"error\":\"%u of %u sessions came up\"}\n", up, client_count);
      return 1;
    }
  }
  for (unsigned i = 0; i < client_count; i++) clients[i].heard_at = now();
  settle();
  printf("{\"established\":%u,\"ms\":%.0f}\n", up, now() - start - options.settle);
  fflush(stdout);
  char *phases = strdup(options.phases);
  for (char *phase = strtok(phases, ","); phase; phase = strtok(NULL, ","))
    if (run_phase(phase)) return 1;
  return 0;
}
