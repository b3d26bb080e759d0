import { expect, test, vi } from "vitest";
import { MOST_STREAMS, Streams } from "../../../pages/simulator/streams";

vi.mock("../../../design/config", () => ({ config: { simulatorBaseUrl: "http://simulator" } }));

/** A WebSocket that never says anything. */
class FakeSocket {
  binaryType = "";
  onmessage: unknown;
  onclose = () => {};
  isClosed = false;

  constructor(readonly url: string) {}

  close(): void {
    this.isClosed = true;
  }
}

function made() {
  const sockets: FakeSocket[] = [];
  const streams = new Streams(() => {}, url => {
    sockets.push(new FakeSocket(url));
    return sockets.at(-1) as unknown as WebSocket;
  });
  return { sockets, streams };
}

test("a stream that ended is opened again, later each time it fails, and then others are said to have it", () => {
  const { sockets, streams } = made();
  const opened = () => {
    streams.want(["crowd"]);
    return sockets.length;
  };
  expect([opened(), opened()]).toEqual([1, 1]);
  sockets[0]!.onclose();
  expect([streams.refused, opened()]).toEqual([[], 2]);
  sockets[1]!.onclose();
  expect([streams.refused, opened(), opened()]).toEqual([["crowd"], 2, 3]);
  sockets[2]!.onclose();
  expect([opened(), opened(), opened(), opened()]).toEqual([3, 3, 3, 4]);
});

test("what is not wanted any more is closed, and no more are open than there are for one page", () => {
  const { sockets, streams } = made();
  streams.want(["a", "b"]);
  streams.want(["b"]);
  expect(sockets.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  streams.want(Array.from({ length: 2 * MOST_STREAMS }, (_, at) => `swarm-${at}`));
  expect(sockets.length).toBe(2 + MOST_STREAMS);
});
