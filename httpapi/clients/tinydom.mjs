// As much of a document as the viewer's modules use to make a page: elements, attributes
// and text. There is no innerHTML, so whoever assigns one changes nothing that is shown;
// what is read back is every element and attribute that was really made.

class Node {
  constructor(name) {
    Object.assign(this, { name, attributes: {}, children: [], listeners: {}, dataset: {}, hidden: false, disabled: false, value: '' });
    this.classList = { add: (c) => { this.attributes.class = `${this.attributes.class ?? ''} ${c}`.trim(); }, toggle() {} };
  }

  setAttribute(key, value) {
    this.attributes[key] = String(value);
    if (key.startsWith('data-')) this.dataset[key.slice(5)] = String(value);
    if (key === 'id') this.id = value;
  }

  append(...all) { this.children.push(...all.map((c) => (c instanceof Node ? c : String(c)))); }

  replaceChildren(...all) {
    this.children = [];
    this.append(...all);
  }

  addEventListener(what, fn) { this.listeners[what] = fn; }

  set textContent(text) { this.children = [String(text)]; }

  get textContent() { return this.children.map((c) => (c instanceof Node ? c.textContent : c)).join(''); }

  * all() {
    yield this;
    for (const c of this.children) if (c instanceof Node) yield* c.all();
  }
}

globalThis.document = {
  createElement: (name) => new Node(name),
  createElementNS: (_, name) => new Node(name),
  getElementById: () => null,
  documentElement: { lang: 'en' },
};
globalThis.innerWidth = 1100;
