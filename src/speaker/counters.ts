/** What a session counts, since it was configured. */
export interface SessionCounters {
  messagesReceived: number;
  updatesReceived: number;
  bytesReceived: number;
  notificationsReceived: number;
  messagesSent: number;
  updatesSent: number;
  bytesSent: number;
  notificationsSent: number;
  /** How often it became Established. */
  established: number;
  /** RFC 4271's ConnectRetryCounter: failures since the last start by hand or success. */
  connectRetries: number;
}

export function newCounters(): SessionCounters {
  return {
    messagesReceived: 0,
    updatesReceived: 0,
    bytesReceived: 0,
    notificationsReceived: 0,
    messagesSent: 0,
    updatesSent: 0,
    bytesSent: 0,
    notificationsSent: 0,
    established: 0,
    connectRetries: 0,
  };
}
