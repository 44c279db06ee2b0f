/** A sequence that is the same each time (Park and Miller's), so that a failure can be had again. */
export function createDice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}
