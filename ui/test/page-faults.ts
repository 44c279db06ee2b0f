/** Runs in the browser, so it can use nothing from around it. WCAG 2.2: 1.4.3 contrast, 1.4.10 reflow, 4.1.2 names. */
export function lookForFaults(): string[] {
  const faults: string[] = [];
  const isShown = (element: Element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const all = [...document.querySelectorAll('body *')].filter(isShown);
  const textOf = (element: Element | null) => element?.textContent?.trim() ?? '';
  const nameOf = (element: Element): string => {
    const labelled = element.getAttribute('aria-labelledby');
    if (labelled) return textOf(document.getElementById(labelled));
    const label = element.getAttribute('aria-label') ?? '';
    if (label !== '') return label;
    if (element.matches('input, select, textarea')) {
      return [...((element as HTMLInputElement).labels ?? [])].map(textOf).join(' ');
    }
    return textOf(element);
  };
  const tell = (what: string, element: Element) => faults.push(`${what}: ${element.outerHTML.slice(0, 120)}`);
  for (const element of all) {
    if (element.matches('a, button, input, select, textarea, dialog, [role=img]') && nameOf(element) === '') {
      tell('no name', element);
    }
    if (element.matches('img') && !element.hasAttribute('alt')) tell('no alt', element);
    if (element.matches('a') && !element.hasAttribute('href')) tell('no href', element);
  }
  const ids = all.map((element) => element.id).filter((id) => id !== '');
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`id twice: ${id}`);
  if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1');
  if (document.documentElement.lang === '') faults.push('no language');
  if (document.documentElement.scrollWidth > innerWidth)
    faults.push(`wider than the screen by ${document.documentElement.scrollWidth - innerWidth}`);

  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (colour: string): number[] => {
    if (!canvas) return [0, 0, 0, 0];
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([red = 0, green = 0, blue = 0]: number[]) => {
    const [r = 0, g = 0, b = 0] = [red, green, blue].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element: Element | null): number[] => {
    for (let at = element; at; at = at.parentElement) {
      const found = rgba(getComputedStyle(at).backgroundColor);
      if ((found[3] ?? 0) > 250) return found;
    }
    return rgba('white');
  };
  for (const element of all) {
    const hasText = [...element.childNodes].some(
      (node) => node.nodeType === 3 && (node.textContent ?? '').trim() !== '',
    );
    // WCAG leaves out what cannot be used now.
    if (!hasText || element.closest(':disabled') || element.closest('[aria-hidden=true]')) continue;
    const style = getComputedStyle(element);
    const [front, back] = [luminance(rgba(style.color)), luminance(behind(element))];
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < 4.5) tell(`contrast ${ratio.toFixed(2)}`, element);
  }
  return faults;
}
