/** The configuration of a reflector that was given none: something to try at once, on this machine only. */

export const DEFAULT_PORT = 1790;
export const DEFAULT_AS = 65000;

/** BIRD text; it also runs under BIRD 2. */
export const DEFAULT_CONFIG = `# Catbird's embedded default: reflects between clients on the loopback network.
log stderr all;
router id 127.0.0.1;

protocol device { }

template bgp clients {
  local 127.0.0.1 port ${DEFAULT_PORT} as ${DEFAULT_AS};
  strict bind;
  multihop;
  rr client;
  passive;
  ipv4 { import all; export all; };
  ipv6 { import all; export all; };
}

protocol bgp loopback from clients {
  neighbor range 127.0.0.0/8 as ${DEFAULT_AS};
  dynamic name "client";
}
`;
