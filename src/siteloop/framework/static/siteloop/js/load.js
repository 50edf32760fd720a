// @ts-check
/** Load a classic script of our own origin once. @param {string} url @returns {Promise<void>} */
export function load(url) {
  const known = document.querySelector(`script[src="${url}"]`);
  if (known) return Promise.resolve();
  return new Promise((done, failed) => {
    const script = Object.assign(document.createElement("script"), { src: url });
    script.onload = () => done();
    script.onerror = () => failed(new Error(url));
    document.head.append(script);
  });
}
