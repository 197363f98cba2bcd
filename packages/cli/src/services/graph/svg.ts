import type { ComponentSpec, ServiceSpec } from "bulkhead/services";
import { layersOf } from "./layers.js";

const WIDTH = 150;
const HEIGHT = 56;
const GAP_X = 110;
const GAP_Y = 34;
const MARGIN = 40;

/** Width of a room's border, from chroot to microvm. */
const WALLS = { chroot: 1.5, container: 3, gvisor: 5, microvm: 8 } as const;

interface Room {
  readonly component: ComponentSpec;
  readonly x: number;
  readonly y: number;
}

/** A drawing: components as rooms, channels as arrows, levels as the thickness of walls. */
export function drawingOf(spec: ServiceSpec): string {
  const layers = layersOf(spec);
  const rooms = layers.flatMap((layer, column) =>
    layer.map(
      (component, row): Room => ({
        component,
        x: MARGIN + 80 + column * (WIDTH + GAP_X),
        y: MARGIN + 30 + row * (HEIGHT + GAP_Y),
      }),
    ),
  );
  const width = MARGIN * 2 + 80 + layers.length * (WIDTH + GAP_X) - GAP_X;
  const height = MARGIN * 2 + 30 + Math.max(...layers.map((layer) => layer.length)) * (HEIGHT + GAP_Y) - GAP_Y;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    '<defs><marker id="head" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto"><path d="M0,0 L9,4 L0,8 z"/></marker></defs>',
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="${MARGIN}" y="${MARGIN}" font-size="17" font-weight="bold">${escaped(spec.name)}</text>`,
    ...rooms.map(roomOf),
    ...rooms.flatMap(portsOf),
    ...spec.channels.flatMap(({ consumer, provider, offer }) => arrow(rooms, consumer, provider, offer)),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

function roomOf({ component, x, y }: Room): string {
  const wall = WALLS[component.level];
  return [
    `<rect x="${x}" y="${y}" width="${WIDTH}" height="${HEIGHT}" rx="4" fill="#f4f7fb" stroke="#1f3a5f" stroke-width="${wall}"/>`,
    `<text x="${x + WIDTH / 2}" y="${y + 25}" text-anchor="middle" font-weight="bold">${escaped(component.name)}</text>`,
    `<text x="${x + WIDTH / 2}" y="${y + 43}" text-anchor="middle" fill="#555">${component.level}</text>`,
  ].join("\n");
}

function portsOf({ component, x, y }: Room): readonly string[] {
  return component.listen.map(({ address, port }, index) => {
    const at = y + 18 + index * 16;
    return `<path d="M${x - 62},${at} L${x - 5},${at}" stroke="black" fill="none" marker-end="url(#head)"/>\n<text x="${x - 62}" y="${at - 5}" font-size="10">${escaped(`${address}:${port}`)}</text>`;
  });
}

function arrow(rooms: readonly Room[], consumer: string, provider: string, offer: string): readonly string[] {
  const [from, to] = [consumer, provider].map((name) => rooms.find(({ component }) => component.name === name));
  if (from === undefined || to === undefined) return [];
  const forward = to.x > from.x;
  const start = { x: forward ? from.x + WIDTH + 4 : from.x + WIDTH / 2, y: from.y + (forward ? HEIGHT / 2 : HEIGHT) };
  const end = { x: forward ? to.x - 5 : to.x + WIDTH / 2, y: to.y + (forward ? HEIGHT / 2 : HEIGHT + 4) };
  const bend = forward ? (start.x + end.x) / 2 : start.x;
  const path = forward
    ? `M${start.x},${start.y} C${bend},${start.y} ${bend},${end.y} ${end.x},${end.y}`
    : `M${start.x},${start.y} C${start.x},${start.y + 40} ${end.x},${end.y + 40} ${end.x},${end.y}`;
  const label = { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 - 6 };
  return [
    `<path d="${path}" stroke="black" fill="none" marker-end="url(#head)"/>`,
    `<text x="${label.x}" y="${label.y}" text-anchor="middle" font-size="11">${escaped(offer)}</text>`,
  ];
}

/** Names are of a to z, digits and hyphens; this keeps the drawing well-formed whatever they become. */
function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
}
