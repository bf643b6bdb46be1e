/*
 * What is sent and what must arrive: UPDATE streams built before the clock starts, the number of every prefix,
 * and the digest of the attributes that each prefix was announced with.
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H
#include <stddef.h>
#include <stdint.h>

enum { HEADER = 19, MAX_MESSAGE = 4096, MSG_OPEN = 1, MSG_UPDATE = 2, MSG_NOTIFICATION = 3, MSG_KEEPALIVE = 4 };
enum { NO_PREFIX = 0xffffffff };

struct stream {
  uint8_t *bytes;
  size_t length;
  size_t capacity;
};

struct workload {
  uint32_t prefixes;      /* how many numbers there are; every one is below this */
  uint32_t expected;      /* how many of them are announced when all streams have been played */
  uint32_t first_network; /* generated prefixes are /24 networks from here on; 0 for a recorded stream */
  uint64_t *digest;       /* by prefix number: digest of the attributes of its last announcement */
  uint8_t *announced;     /* by prefix number: whether it is announced when all streams have been played */
  uint32_t *slots;        /* recorded streams: open addressing over prefix keys, prefix number + 1 or 0 */
  uint64_t *keys;         /* recorded streams: by prefix number, address << 8 | length */
  uint32_t slot_mask;
  int recorded;
};

/* Next hop of sender `n`, by which receivers tell whose path they hold. */
#define NEXT_HOP_BASE 0x0a400001u

static inline uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static inline uint32_t get32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline void put16(uint8_t *p, unsigned v) {
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}
static inline void put32(uint8_t *p, uint32_t v) {
  put16(p, v >> 16);
  put16(p + 2, v & 0xffff);
}

/* What one UPDATE's attributes say. */
struct attributes {
  uint64_t digest; /* all but ORIGINATOR_ID and CLUSTER_LIST; NEXT_HOP only in recorded streams */
  uint32_t next_hop;
  int originator_id;
  int cluster_list;
};
void read_attributes(const struct workload *w, const uint8_t *at, const uint8_t *end, struct attributes *out);

/*
 * A table of `prefixes` networks in `sets` attribute sets. Network n is in set n % sets, so the networks of one
 * message lie as far apart as a real table's.
 */
void generate_table(struct workload *w, uint32_t prefixes, uint32_t sets);
/* Its announcement by sender `sender`. */
void build_table(const struct workload *w, struct stream *s, uint32_t sender, uint32_t sets);
/* `runs` runs of `per` neighbouring networks, each run in an attribute set of its own. */
void generate_runs(struct workload *w, uint32_t runs, uint32_t per);
/* The announcement of run `sender` by that sender. */
void build_run(const struct workload *w, struct stream *s, uint32_t sender, uint32_t per);
/* The withdrawals of every prefix in [from, to) that is announced. */
void build_withdraw(const struct workload *w, struct stream *s, uint32_t from, uint32_t to);
/* Takes over a file of concatenated BGP messages; only UPDATEs are kept. Exits where it cannot. */
void load_recorded(struct workload *w, struct stream *s, const char *file);

uint32_t find_recorded(const struct workload *w, uint64_t key);

/* Number of the prefix in NLRI encoding at `p`, or NO_PREFIX where it is none of ours. */
static inline uint32_t prefix_number(const struct workload *w, const uint8_t *p) {
  if (!w->recorded) {
    uint32_t n = get32(p) - (24u << 24 | w->first_network >> 8);
    return n < w->prefixes ? n : NO_PREFIX;
  }
  uint32_t address = 0;
  for (int i = 0, bytes = (p[0] + 7) / 8; i < bytes && i < 4; i++) address |= (uint32_t)p[1 + i] << (24 - 8 * i);
  return find_recorded(w, (uint64_t)address << 8 | p[0]);
}
#endif
