import { describe, expect, test } from "vitest";
import { after, AllTold, commandsFor, type Part, type Told, together, wayBack } from "../../store/told";

const told = (...commands: readonly string[]): Told => commands.reduce<Told>((before, line) => {
  const [command = "", ...parameters] = line.split(":");
  return after(before, command, parameters);
}, {});
const texts = (orders: readonly { to?: unknown; command: string; parameters: readonly string[] }[]) =>
  orders.map(({ to, command, parameters }) => [...(Array.isArray(to) ? [to.join("+")] : []), [command, ...parameters].join(":")].join(" "));

describe("what a device was told last", () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ["a colour by name", ["led:orange"], ["led:ff8000"]],
    ["the last colour", ["led:ff0000", "led:00ff00"], ["led:00ff00"]],
    ["a colour lights a dark device", ["pattern:off", "led:ff0000"], ["led:ff0000", "pattern:solid"]],
    ["a colour leaves a pattern that moves", ["pattern:breathing", "led:ff0000"], ["led:ff0000", "pattern:breathing"]],
    ["single LEDs", ["led_set:2:red", "led_off:3"], ["led_set:2:ff0000", "led_set:3:000000"]],
    ["a colour takes single LEDs away", ["led_set:2:red", "led:0000ff"], ["led:0000ff"]],
    ["a reset takes single LEDs away", ["led:0000ff", "led_set:2:red", "reset"], ["led:0000ff"]],
    ["a brightness takes nothing away", ["led_set:2:red", "brightness:9"], ["led_set:2:ff0000", "brightness:9"]],
    ["all off", ["led:ff0000", "led_set:0:red", "led_all_off"], ["led:ff0000", "pattern:off"]],
    ["the spring first, since it starts the pattern anew", ["led_set:1:red", "pattern:spring", "spring_param:64140a"], ["spring_param:64140a", "pattern:spring"]],
    ["no such LED", ["led_set:6:red"], []],
    ["what leaves no trace", ["vibrate:100", "status", "led_get_state"], []],
    ["new firmware", ["led:ff0000", "brightness:3", "ota:http://h/x"], []],
  ])("%s", (_, commands, last) => {
    expect(texts(commandsFor(told(...commands)))).toEqual(last);
  });

  test("is the same again when it is told that", () => {
    const before = told("spring_param:64140a", "led:red", "pattern:cycle", "led_set:5:blue", "brightness:77");
    const again = commandsFor(before).reduce<Told>((now, { command, parameters }) => after(now, command, parameters), {});
    expect(again).toEqual(before);
  });
});

test("those who get the same get it together", () => {
  const commands = new Map([
    ["b", commandsFor(told("led:red", "brightness:9"))],
    ["a", commandsFor(told("led:red", "pattern:cycle"))],
    ["c", commandsFor(told("led:blue", "brightness:9"))],
  ]);
  expect(texts(together(commands))).toEqual(["a+b led:ff0000", "c led:0000ff", "a pattern:cycle", "b+c brightness:9"]);
});

describe("the way back", () => {
  const way = (parts: readonly Part[], before: Told) => wayBack(new Map([["a", new Set(parts)]]), () => before);

  test("is what a device had been told before, of what was changed", () => {
    const before = told("led:red", "pattern:cycle", "led_set:5:blue", "brightness:77");
    expect(texts(way(["lights"], before).orders)).toEqual(["a led:ff0000", "a pattern:cycle", "a led_set:5:0000ff"]);
    expect(texts(way(["brightness"], before).orders)).toEqual(["a brightness:77"]);
    expect(way(["lights", "brightness"], before)).toMatchObject({ known: 1, dark: [], staying: [] });
  });

  test("of a colour alone is that colour, and no pattern that came later", () => {
    expect(texts(way(["lights"], told("led:red")).orders)).toEqual(["a led:ff0000", "a pattern:solid"]);
  });

  test("is dark where nothing is known", () => {
    expect(way(["lights"], {})).toMatchObject({ known: 0, dark: ["a"], staying: [] });
    expect(texts(way(["lights"], {}).orders)).toEqual(["a led_all_off", "a pattern:off"]);
  });

  test("is dark around single LEDs where nothing else is known", () => {
    const back = way(["lights"], told("led_set:1:red"));
    expect(texts(back.orders)).toEqual(["a led_all_off", "a pattern:off", "a led_set:1:ff0000"]);
    expect(back).toMatchObject({ known: 1, dark: [] });
  });

  test("leaves a brightness and a spring of which nothing is known, and says so", () => {
    expect(way(["brightness"], told("led:red"))).toEqual({ orders: [], known: 0, dark: [], staying: ["a"] });
    expect(way(["spring"], told("led:red"))).toMatchObject({ staying: ["a"] });
  });

  test("puts single LEDs back that a spring took away", () => {
    const back = way(["spring"], told("led:red", "spring_param:64140a", "led_set:1:blue"));
    expect(texts(back.orders)).toEqual(["a spring_param:64140a", "a led:ff0000", "a pattern:solid", "a led_set:1:0000ff"]);
  });
});

test("what was told before an act is also what was sent before it and is answered later, and nothing that was sent after it", () => {
  const all = new AllTold();
  all.take(["a", "b"], "led", ["red"]);
  const order = (command: string, ...parameters: readonly string[]) => ({ to: "all", command, parameters }) as const;
  const [first, mine, later] = [order("led", "blue"), order("led", "green"), order("brightness", "9")];
  all.begin(first);
  let hasBegun = false;
  const before = all.before([mine], () => (hasBegun = true));
  expect([hasBegun, before.of("a")]).toEqual([false, {}]);
  all.begin(mine);
  expect([hasBegun, before.of("a")]).toEqual([true, { color: "ff0000" }]);
  all.begin(later);
  for (const sent of [later, mine, first]) all.end(sent, ["a"], true);
  expect([before.of("a"), before.of("b"), before.of("c")]).toEqual([{ color: "0000ff" }, { color: "ff0000" }, {}]);
  all.over(before);
  all.clear();
  expect([all.of("b"), before.of("b")]).toEqual([{}, { color: "ff0000" }]);
});

test("what was sent elsewhere is not told to devices here", () => {
  const all = new AllTold();
  const order = { to: "all", command: "led", parameters: ["red"] } as const;
  all.begin(order);
  all.end(order, ["a"], false);
  expect(all.of("a")).toEqual({});
});
