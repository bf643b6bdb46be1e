/** Which of the rendered texts are whole configurations; the others are for them to include. */

/** BIRD's names of configurations, in the order in which two of them are read together. */
const MAIN_NAMES = ['bird.conf', 'bird.cfg', 'bird6.conf', 'bird6.cfg'];

/**
 * The main one, or `bird.cfg` and `bird6.cfg` of a node, by the paths that the texts go to. Throws an error that says
 * what to do where that cannot be told.
 */
export function mainFiles(dests: readonly string[]): string[] {
  const nameOf = (dest: string): string => dest.slice(dest.lastIndexOf('/') + 1);
  const mains = MAIN_NAMES.flatMap((name) => dests.filter((dest) => nameOf(dest) === name).sort());
  const families = mains.map((dest) => nameOf(dest).startsWith('bird6'));
  if (mains.length === 0 && dests.length === 1) return [...dests];
  if (mains.length === 0) {
    throw new Error(
      `none of the template resources has a dest with the name ${MAIN_NAMES.join(', ')}: which one is the configuration?`,
    );
  }
  if (new Set(families).size < families.length) {
    throw new Error(`more than one template resource makes a whole configuration: ${mains.join(', ')}`);
  }
  return mains;
}
