import type { AddressRange, Subnet } from '../../net/subnet.ts';
import type { Account } from '../account.ts';
import type { OptionBook } from './option-book.ts';
import type { Statement } from './statements.ts';

/** A part of the file with parameters of its own. The parameters of the scopes around it hold too, unless it has others. */
export interface Scope {
  readonly kind: 'file' | 'shared-network' | 'subnet' | 'pool' | 'group' | 'host';
  readonly around?: Scope | undefined;
  /** The statement that opens it; undefined for the file. */
  readonly statement?: Statement | undefined;
  /** Its own parameters, in their order. */
  readonly parameters: Statement[];
}

export interface RangeDeclaration {
  readonly statement: Statement;
  readonly range: AddressRange;
  /** `range dynamic-bootp`: for BOOTP clients too. */
  readonly isForBootp: boolean;
}

/** `allow` and `deny` of a pool: which clients it is for. */
export interface Permit {
  readonly statement: Statement;
  readonly isAllowed: boolean;
  /** `class`: members of a class; `other`: what rackready cannot tell apart. */
  readonly who: 'unknown' | 'known' | 'all' | 'bootp' | 'class' | 'other';
}

export interface PoolDeclaration {
  readonly scope: Scope;
  readonly ranges: RangeDeclaration[];
  readonly permits: Permit[];
}

export interface SubnetDeclaration {
  readonly scope: Scope;
  readonly statement: Statement;
  readonly subnet: Subnet;
  readonly ranges: RangeDeclaration[];
  readonly pools: PoolDeclaration[];
  /** The shared network that it is part of. */
  readonly shared?: SharedDeclaration | undefined;
  interface?: string | undefined;
}

export interface SharedDeclaration {
  readonly scope: Scope;
  readonly name: string;
  readonly statement: Statement;
  /** Pools may also stand beside the subnets. */
  readonly pools: PoolDeclaration[];
  interface?: string | undefined;
}

export interface HostDeclaration {
  readonly scope: Scope;
  readonly statement: Statement;
  readonly name: string;
  /** `group x;` in the host. */
  groupName?: string | undefined;
}

/** `if`, its `elsif` and its `else`. */
export interface Conditional {
  readonly scope: Scope;
  readonly statements: readonly Statement[];
}

export interface ClassDeclaration {
  readonly scope: Scope;
  readonly statement: Statement;
}

/** What a file declares. */
export interface Model {
  readonly file: Scope;
  readonly options: OptionBook;
  readonly subnets: SubnetDeclaration[];
  readonly hosts: HostDeclaration[];
  readonly groups: Scope[];
  readonly classes: ClassDeclaration[];
  readonly conditionals: Conditional[];
}

/** The scope and those around it, from the inside to the file. */
export function scopesOf(scope: Scope): readonly Scope[] {
  const scopes: Scope[] = [];
  for (let one: Scope | undefined = scope; one !== undefined; one = one.around) scopes.push(one);
  return scopes;
}

/** Where a statement stands. */
export interface Surroundings {
  readonly scope: Scope;
  readonly shared?: SharedDeclaration | undefined;
  readonly subnet?: SubnetDeclaration | undefined;
  readonly pool?: PoolDeclaration | undefined;
}

export interface Collecting {
  readonly model: Model;
  readonly account: Account;
}
