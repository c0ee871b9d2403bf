/** What a Mermaid flowchart of the layers says. */
export type House = {
  /** Each box with the folders it names, relative to the root. */
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
};
export type Box = {
  readonly id: string;
  readonly folders: readonly string[];
  /** Ids of the frames around it, outermost first. */
  readonly frames: readonly string[];
};
/** `transitive` is false for a dotted arrow: it ends where it ends. */
export type Arrow = { readonly from: string; readonly to: string; readonly transitive: boolean };

/**
 * Reads the picture of the house: `id["<b>folder, folder</b>…"]` is a box, `subgraph id[…]` a frame,
 * `-->` and `-. text .->` are arrows between boxes or frames. A folder in the frame of another folder
 * (`embedded`) is named without it. Any other line is a mistake: it would be drawn and not compared.
 */
export function readHouse(page: string): House {
  const picture = /^## The house$[\s\S]*?^```mermaid\nflowchart TB\n([\s\S]*?)^```$/m.exec(
    page,
  )?.[1];
  if (picture === undefined) throw new RangeError('there is no picture under "The house"');
  const boxes: Box[] = [];
  const arrows: Arrow[] = [];
  let frames: readonly string[] = [];
  // What each form of a line adds; the groups of the expression are its arguments.
  const forms: readonly [RegExp, (one: string, two: string, three: string) => void][] = [
    [/^subgraph (\S+)\[".+"\]$/, (id) => (frames = [...frames, id])],
    [/^end$/, () => (frames = frames.slice(0, -1))],
    [
      /^(\S+?)\["<b>(.+?)<\/b>.*"\]$/,
      (id, names) => {
        const prefix = frames.includes('embedded') ? 'embedded/' : '';
        boxes.push({ id, folders: names.split(', ').map((name) => prefix + name), frames });
      },
    ],
    [
      /^(\S+) (-->|-\. ".+" \.->) (\S+)$/,
      (from, sign, to) => arrows.push({ from, to, transitive: sign === '-->' }),
    ],
  ];
  for (const line of picture.split('\n').flatMap((each) => each.trim() || [])) {
    const form = forms.find(([expression]) => expression.test(line));
    if (form === undefined) throw new RangeError(`neither a box nor a frame nor an arrow: ${line}`);
    const [, one = '', two = '', three = ''] = form[0].exec(line) ?? [];
    form[1](one, two, three);
  }
  return { boxes, arrows };
}

/** What each of `layers` may import of the others, as the picture has it. */
export function reachOf(house: House, layers: readonly string[]): Map<string, Set<string>> {
  const layerOf = (id: string) => {
    const folder = house.boxes.find((box) => box.id === id)?.folders[0] ?? id;
    const own = layers.filter((layer) => folder === layer || folder.startsWith(`${layer}/`));
    // The kernel is a folder of the domain and a layer of its own: the longest name is meant.
    const layer = own.toSorted((one, other) => other.length - one.length)[0];
    if (layer === undefined) throw new RangeError(`${id} is no layer: ${layers.join(', ')}`);
    return layer;
  };
  const arrows = house.arrows.map((arrow) => ({
    ...arrow,
    from: layerOf(arrow.from),
    to: layerOf(arrow.to),
  }));
  const below = (layer: string): string[] =>
    arrows
      .filter(({ from }) => from === layer)
      .flatMap(({ to, transitive }) => (transitive ? [to, ...below(to)] : [to]));
  return new Map(layers.map((layer) => [layer, new Set(below(layer))]));
}
