// A scene and the orders that it comes to. Pure.

import type { Order } from "../../store/acts";
import type { Group, Step, StepTarget } from "../../store/kept";
import { commandsFor, together, type Told } from "../../store/told";

/** Steps of a scene at most. */
export const MOST_STEPS = 256;

const isGroup = (target: StepTarget): target is { readonly group: string } => typeof target === "object" && "group" in target;

/** What a scene comes to now. */
export interface Resolved {
  readonly orders: readonly Order[];
  /** Groups that it names and that are not there. */
  readonly missing: readonly string[];
  /** Groups that it names and that nobody is in. */
  readonly empty: readonly string[];
  /** Devices that it names and that are away. */
  readonly away: readonly string[];
}

/** Looks up whom the steps are for. Steps of groups that are not there are left out; devices that are away are told nevertheless. */
export function resolved(steps: readonly Step[], groups: { get: (id: string) => { document: Group } | undefined }, isThere: (id: string) => boolean): Resolved {
  const missing = new Set<string>(), empty = new Set<string>(), away = new Set<string>();
  const orders: Order[] = [];
  for (const { target, command, parameters = [] } of steps) {
    const to = target === "all" ? target : isGroup(target) ? groups.get(target.group)?.document.devices : target;
    if (to === undefined) missing.add((target as { group: string }).group);
    else if (to.length > 0) orders.push({ to, command, parameters: parameters.map(String) });
    else if (isGroup(target)) empty.add(targetWords(target, groups));
    for (const id of to === undefined || to === "all" ? [] : to) if (!isThere(id)) away.add(id);
  }
  return { orders, missing: [...missing], empty: [...empty], away: [...away].sort() };
}

/** What the devices were told last, as steps. `untold` were told nothing that stays. */
export function composed(ids: readonly string[], told: (id: string) => Told): { readonly steps: readonly Step[]; readonly untold: readonly string[] } {
  const commands = new Map(ids.map(id => [id, commandsFor(told(id))] as const));
  const untold = ids.filter(id => commands.get(id)?.length === 0);
  return { steps: together(commands).map(({ to, command, parameters }) => ({ target: to, command, parameters })), untold };
}

/** Whom a step is for, in words. */
export function targetWords(target: StepTarget, groups: { get: (id: string) => { document: Group } | undefined }): string {
  if (target === "all") return "all devices";
  if (isGroup(target)) return groups.get(target.group)?.document.title ?? `${target.group}, which is not there`;
  return target.length === 1 ? (target[0] ?? "") : `${target.length} devices`;
}

/** A step as a text: `led:ff8000`. */
export const stepText = ({ command, parameters = [] }: Step): string => [command, ...parameters].join(":");
