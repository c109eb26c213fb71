// What a page must not do to its reader. It is evaluated in the page, and answers with a list of problems.
(() => {
  const problems = [];
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) problems.push(`the page scrolls sideways by ${wide} px`);

  // Parts of a text that are seen: what a box with its own scroll bar hides is not.
  const visible = (rect, element) => {
    let { left, top, right, bottom } = rect;
    for (let box = element; box && box !== document.body; box = box.parentElement) {
      if (box instanceof SVGElement || getComputedStyle(box).overflowX === "visible") continue;
      const edge = box.getBoundingClientRect();
      [left, top] = [Math.max(left, edge.left), Math.max(top, edge.top)];
      [right, bottom] = [Math.min(right, edge.right), Math.min(bottom, edge.bottom)];
    }
    return right - left > 1 && bottom - top > 1 ? { left, top, right, bottom } : null;
  };
  const hidden = (element) => {
    for (let box = element; box; box = box.parentElement) if (getComputedStyle(box).display === "none") return true;
    return false;
  };
  const texts = [];
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = nodes.nextNode(); node; node = nodes.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("title, desc, option, script, style, details:not([open]) > :not(summary)")) continue;
    if (hidden(element)) continue;
    const size = parseFloat(getComputedStyle(element).fontSize);
    const text = node.data.trim().slice(0, 30);
    if (size < 12) problems.push(`"${text}" has ${size} px`);
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const { left, top, right, bottom, height } of range.getClientRects()) {
      // Letters do not fill their line box.
      const rect = visible({ left, top: top + height / 5, right, bottom: bottom - height / 5 }, element);
      if (rect) texts.push({ node, text, rect });
    }
  }
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, button, img.badge")) {
    texts.push({ node: field, text: field.name || field.textContent, rect: field.getBoundingClientRect() });
  }
  if (texts.length === 0) problems.push("there is no text");

  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
  const scene = document.querySelector(".scene");
  const drawing = scene && scene.getBoundingClientRect();
  if (!drawing || drawing.height < 100) problems.push("there is no drawing, or a very low one");
  for (const { text, rect } of texts) {
    if (rect.left < -1 || rect.right > innerWidth + 1) problems.push(`"${text}" leaves the page`);
    if (drawing && meet(rect, drawing)) problems.push(`"${text}" lies on the drawing`);
  }
  for (let i = 0; i < texts.length; i++) {
    for (let j = i + 1; j < texts.length; j++) {
      const [a, b] = [texts[i], texts[j]];
      if (a.node === b.node || a.node.contains(b.node) || b.node.contains(a.node)) continue;
      if (meet(a.rect, b.rect)) problems.push(`"${a.text}" and "${b.text}" overlap`);
    }
  }
  return problems;
})()
