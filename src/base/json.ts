/** JSON that others have written: whatever is there is looked at before it is believed. */

export type JsonObject = Readonly<Record<string, unknown>>;

/** Undefined where a text is no JSON object. */
export function jsonObject(text: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

export function objectAt(json: JsonObject | undefined, name: string): JsonObject | undefined {
  return asObject(json?.[name]);
}

export function objectsAt(json: JsonObject | undefined, name: string): JsonObject[] {
  const list = json?.[name];
  return Array.isArray(list) ? list.map(asObject).filter((one) => one !== undefined) : [];
}

/** Text of one line; undefined where it is neither text nor a number. */
export function textAt(json: JsonObject | undefined, name: string): string | undefined {
  return asText(json?.[name]);
}

export function textsAt(json: JsonObject | undefined, name: string): string[] {
  const list = json?.[name];
  return Array.isArray(list) ? list.flatMap((one) => asText(one) ?? []) : [];
}

export function numberAt(json: JsonObject | undefined, name: string): number | undefined {
  const value = json?.[name];
  return typeof value === 'number' ? value : undefined;
}

function asText(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? plainText(value) : undefined;
}

/** What is not to be printed at a terminal becomes a blank. */
export function plainText(text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}
