#include "workload.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_NETWORK = 0x10000000 }; /* 16.0.0.0: clear of the next hops in 10/8 and of loopback */

static void *need(void *p) {
  if (!p) {
    fprintf(stderr, "loadgen: out of memory\n");
    exit(2);
  }
  return p;
}

static uint8_t *reserve(struct stream *s, size_t more) {
  if (s->length + more > s->capacity) {
    s->capacity = (s->length + more) * 2 + (1 << 20);
    s->bytes = need(realloc(s->bytes, s->capacity));
  }
  return s->bytes + s->length;
}

static void put_header(uint8_t *p, unsigned length) {
  memset(p, 0xff, 16);
  put16(p + 16, length);
  p[18] = MSG_UPDATE;
}

static uint64_t mix(uint64_t h) {
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93ull;
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93ull;
  return h ^ h >> 32;
}

static uint64_t digest_bytes(uint64_t seed, const uint8_t *p, unsigned length) {
  uint64_t h = mix(seed * 0x9e3779b97f4a7c15ull + length);
  while (length >= 4) {
    h = (h ^ get32(p)) * 0x9e3779b97f4a7c15ull;
    h ^= h >> 29;
    p += 4;
    length -= 4;
  }
  while (length--) h = (h ^ *p++) * 0x100000001b3ull;
  return mix(h);
}

/* Communities are sets: a daemon may send them in an order of its own. */
static uint64_t digest_set(uint64_t seed, const uint8_t *p, unsigned length, unsigned size) {
  uint64_t sum = 0;
  for (; length >= size; p += size, length -= size) sum += digest_bytes(seed, p, size);
  return sum;
}

void read_attributes(const struct workload *w, const uint8_t *at, const uint8_t *end, struct attributes *out) {
  memset(out, 0, sizeof *out);
  while (at + 3 <= end) {
    unsigned flags = at[0], type = at[1], length = at[2];
    const uint8_t *value = at + 3;
    if (flags & 0x10) {
      if (at + 4 > end) return;
      length = get16(at + 2);
      value = at + 4;
    }
    if (value + length > end) return;
    switch (type) {
    case 3:
      if (length == 4) out->next_hop = get32(value);
      if (w->recorded) out->digest += digest_bytes(type, value, length);
      break;
    case 8: out->digest += digest_set(type, value, length, 4); break;
    case 16: out->digest += digest_set(type, value, length, 8); break;
    case 32: out->digest += digest_set(type, value, length, 12); break;
    case 9: out->originator_id = 1; break;
    case 10: out->cluster_list = 1; break;
    default: out->digest += digest_bytes(type, value, length);
    }
    at = value + length;
  }
}

/* The attributes of set `set`: a path of 3 to 5 hops that ends in a number of its own, 1 to 3 communities. */
static unsigned put_attributes(uint8_t *p, uint32_t set, uint32_t next_hop) {
  uint8_t *start = p;
  unsigned hops = 3 + set % 3, communities = 1 + set / 3 % 3;
  *p++ = 0x40; *p++ = 1; *p++ = 1; *p++ = 0;
  *p++ = 0x40; *p++ = 2; *p++ = (uint8_t)(2 + 4 * hops);
  *p++ = 2;
  *p++ = (uint8_t)hops;
  for (unsigned i = 0; i < hops; i++, p += 4) put32(p, i + 1 == hops ? 100000 + set : 3000 + (set >> 4 * i) % 251);
  *p++ = 0x40; *p++ = 3; *p++ = 4;
  put32(p, next_hop);
  p += 4;
  *p++ = 0x80; *p++ = 4; *p++ = 4;
  put32(p, set % 7);
  p += 4;
  *p++ = 0x40; *p++ = 5; *p++ = 4;
  put32(p, 100);
  p += 4;
  *p++ = 0xc0; *p++ = 8; *p++ = (uint8_t)(4 * communities);
  for (unsigned i = 0; i < communities; i++, p += 4) put32(p, i ? (3000 + i) << 16 | (set >> 8 * i & 0xffff) : 0x40000000 | set);
  return (unsigned)(p - start);
}

static void generate(struct workload *w, uint32_t prefixes) {
  memset(w, 0, sizeof *w);
  w->prefixes = w->expected = prefixes;
  w->first_network = FIRST_NETWORK;
  w->digest = need(malloc(sizeof *w->digest * prefixes));
  w->announced = need(malloc(prefixes));
  memset(w->announced, 1, prefixes);
}

static uint64_t digest_of_set(const struct workload *w, uint32_t set) {
  uint8_t bytes[256];
  struct attributes attributes;
  read_attributes(w, bytes, bytes + put_attributes(bytes, set, 0), &attributes);
  return attributes.digest;
}

void generate_table(struct workload *w, uint32_t prefixes, uint32_t sets) {
  generate(w, prefixes);
  for (uint32_t set = 0; set < sets; set++) {
    uint64_t digest = digest_of_set(w, set);
    for (uint32_t n = set; n < prefixes; n += sets) w->digest[n] = digest;
  }
}

void generate_runs(struct workload *w, uint32_t runs, uint32_t per) {
  generate(w, runs * per);
  for (uint32_t n = 0; n < w->prefixes; n++) w->digest[n] = digest_of_set(w, n / per);
}

static uint8_t *put_prefix(const struct workload *w, uint8_t *p, uint32_t n) {
  uint64_t key = w->recorded ? w->keys[n] : (uint64_t)(w->first_network + (n << 8)) << 8 | 24;
  *p++ = (uint8_t)key;
  for (int i = 0, bytes = ((int)(key & 0xff) + 7) / 8; i < bytes; i++) *p++ = (uint8_t)(key >> (32 - 8 * i));
  return p;
}

/* One message of set `set` with as many of the networks from, from + step, … below `to` as fit; returns the next. */
static uint32_t put_update(const struct workload *w, struct stream *s, uint32_t sender, uint32_t set, uint32_t from, uint32_t to, uint32_t step) {
  uint8_t *message = reserve(s, MAX_MESSAGE), *p = message + HEADER;
  put16(p, 0);
  unsigned length = put_attributes(p + 4, set, NEXT_HOP_BASE + sender);
  put16(p + 2, length);
  p += 4 + length;
  for (; from < to && p + 4 <= message + MAX_MESSAGE; from += step) p = put_prefix(w, p, from);
  put_header(message, (unsigned)(p - message));
  s->length += (size_t)(p - message);
  return from;
}

void build_table(const struct workload *w, struct stream *s, uint32_t sender, uint32_t sets) {
  for (uint32_t set = 0; set < sets; set++)
    for (uint32_t n = set; n < w->prefixes;) n = put_update(w, s, sender, set, n, w->prefixes, sets);
}

void build_run(const struct workload *w, struct stream *s, uint32_t sender, uint32_t per) {
  for (uint32_t n = sender * per; n < (sender + 1) * per;) n = put_update(w, s, sender, sender, n, (sender + 1) * per, 1);
}

void build_withdraw(const struct workload *w, struct stream *s, uint32_t from, uint32_t to) {
  uint32_t n = from;
  while (n < to) {
    uint8_t *message = reserve(s, MAX_MESSAGE), *start = message + HEADER + 2, *p = start;
    for (; n < to && p + 5 <= message + MAX_MESSAGE - 2; n++)
      if (w->announced[n]) p = put_prefix(w, p, n);
    if (p == start) continue;
    put16(start - 2, (unsigned)(p - start));
    put16(p, 0);
    p += 2;
    put_header(message, (unsigned)(p - message));
    s->length += (size_t)(p - message);
  }
}

uint32_t find_recorded(const struct workload *w, uint64_t key) {
  for (uint32_t slot = (uint32_t)mix(key) & w->slot_mask; w->slots[slot]; slot = (slot + 1) & w->slot_mask)
    if (w->keys[w->slots[slot] - 1] == key) return w->slots[slot] - 1;
  return NO_PREFIX;
}

static uint32_t number_recorded(struct workload *w, uint64_t key) {
  uint32_t n = find_recorded(w, key);
  if (n != NO_PREFIX) return n;
  uint32_t slot = (uint32_t)mix(key) & w->slot_mask;
  while (w->slots[slot]) slot = (slot + 1) & w->slot_mask;
  w->slots[slot] = ++w->prefixes;
  w->keys[w->prefixes - 1] = key;
  return w->prefixes - 1;
}

static void note_nlri(struct workload *w, const uint8_t *p, const uint8_t *end, const uint64_t *digest) {
  for (; p < end; p += 1 + (p[0] + 7) / 8) {
    uint32_t address = 0;
    for (int i = 0, bytes = (p[0] + 7) / 8; i < bytes; i++) address |= (uint32_t)p[1 + i] << (24 - 8 * i);
    uint32_t n = number_recorded(w, (uint64_t)address << 8 | p[0]);
    w->expected += (digest ? 1u : 0u) - w->announced[n];
    w->announced[n] = digest != NULL;
    if (digest) w->digest[n] = *digest;
  }
}

static void damaged(const char *file) {
  fprintf(stderr, "loadgen: %s: not a stream of BGP messages\n", file);
  exit(2);
}

void load_recorded(struct workload *w, struct stream *s, const char *file) {
  memset(w, 0, sizeof *w);
  w->recorded = 1;
  FILE *in = fopen(file, "rb");
  if (!in || fseek(in, 0, SEEK_END)) {
    perror(file);
    exit(2);
  }
  uint32_t slots = 1024;
  while (slots < (size_t)ftell(in) / 4 && slots < 1u << 30) slots *= 2;
  rewind(in);
  w->slot_mask = slots - 1;
  w->slots = need(calloc(slots, sizeof *w->slots));
  w->keys = need(malloc(sizeof *w->keys * slots));
  w->digest = need(malloc(sizeof *w->digest * slots));
  w->announced = need(calloc(slots, 1));
  uint8_t header[HEADER];
  while (fread(header, HEADER, 1, in) == 1) {
    unsigned length = get16(header + 16);
    if (length < HEADER || length > MAX_MESSAGE) damaged(file);
    uint8_t *message = reserve(s, length);
    memcpy(message, header, HEADER);
    if (length > HEADER && fread(message + HEADER, length - HEADER, 1, in) != 1) damaged(file);
    if (header[18] != MSG_UPDATE) continue;
    const uint8_t *body = message + HEADER, *end = message + length;
    const uint8_t *attrs = body + 2 + get16(body), *nlri = attrs + 2 + get16(attrs);
    struct attributes attributes;
    read_attributes(w, attrs + 2, nlri, &attributes);
    note_nlri(w, body + 2, attrs, NULL);
    note_nlri(w, nlri, end, &attributes.digest);
    if (w->prefixes > slots / 2) damaged(file);
    s->length += length;
  }
  fclose(in);
}
