/** Stands before a `show` command whose answer is wanted as JSON. BIRD's clients never send it. */
export const JSON_WORD = 'json';
