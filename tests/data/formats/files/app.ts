import { x } from "./x";

export interface Shape {
  name: string;
}

export const area = (w: number, h: number): number => {
  return w * h;
};

export default async function load(url: string): Promise<Shape> {
  return { name: `shape {${url}` };
}
