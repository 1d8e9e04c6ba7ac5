// The browser of the person whom an app asks: it keeps cookies, goes where this
// server sends it, and says where else it was sent. The person reads the code off
// the page and answers on their device, which is the program itself.

import assert from 'node:assert/strict';

class Browser {
  #home;
  #cookies = new Map();

  constructor(home) {
    this.#home = new URL(home).origin;
  }

  // open goes to a page: it has the page, or where the browser was sent away to.
  async open(url, init = {}) {
    for (let hops = 0; hops < 5; hops++) {
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(url, { ...init, redirect: 'manual', headers: { accept: 'text/html', ...init.headers, ...(cookie && { cookie }) } });
      for (const line of response.headers.getSetCookie()) {
        const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
        assert.match(line, /HttpOnly; SameSite=Lax/);
        if (/Max-Age=0/.test(line)) this.#cookies.delete(name);
        else this.#cookies.set(name, value);
      }
      if (response.status !== 303) return { status: response.status, url: new URL(url), page: await response.text(), response };
      await response.arrayBuffer();
      const to = new URL(response.headers.get('location'), url);
      if (to.origin !== this.#home) return { left: to };
      url = to;
      init = {}; // a GET, whatever it was
    }
    return assert.fail('sent on and on');
  }
}

// asked brings a browser to the page that waits, and has the code on it.
export async function asked(carehold, url, init) {
  const browser = new Browser(carehold.url);
  const there = await browser.open(url, init);
  if (there.left) return { browser, left: there.left };
  assert.equal(there.status, 200, there.page);
  const code = there.page.match(/carehold approve ((?:[0-9A-Z]{4}-){2}[0-9A-Z]{4})/)?.[1];
  assert.ok(code, there.page);
  const tab = there.url.searchParams.get('r');
  return {
    browser,
    code,
    page: there.page,
    waits: async () => JSON.parse((await browser.open(`${carehold.url}/oauth/wait/status?r=${tab}`)).page).waiting,
    goOn: async () => (await browser.open(there.url)).left,
    cancel: async () => (await browser.open(`${carehold.url}/oauth/cancel`, {
      method: 'POST', body: new URLSearchParams({ r: tab }), headers: { origin: carehold.url, 'sec-fetch-site': 'same-origin' },
    })).left,
  };
}

// approved brings a browser to the page, and the person says yes on their device, with
// these flags. It has the address that the browser is sent back to.
export async function approved(carehold, url, ...flags) {
  const there = await asked(carehold, url);
  assert.ok(there.code, `sent to ${there.left}`);
  assert.equal(await there.waits(), true);
  await carehold.person('approve', there.code, ...flags);
  assert.equal(await there.waits(), false);
  return there.goOn();
}
