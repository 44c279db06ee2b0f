/** How a machine is switched on from here. A machine without any is woken, too: by Wake-on-LAN, without a password. */
export interface PowerSettings {
  /** One so far; what orders a management controller (IPMI, Redfish) becomes another. */
  readonly method: 'wake-on-lan';
  /** SecureOn: six octets. A secret: never told, never shown. */
  readonly password?: Uint8Array | undefined;
}
