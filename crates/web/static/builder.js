// The badge builder: shows the badge while somebody types, and adds buttons that copy. The server makes the preview and
// the markup; this only asks for the page again and takes over what changed.
'use strict';

(() => {
  const form = document.getElementById('builder');
  const result = document.getElementById('result');
  const problems = document.getElementById('problems');
  let waiting;
  let asked;

  const address = () => form.action + '?' + new URLSearchParams(new FormData(form));

  async function renew() {
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(address(), { headers: { Accept: 'text/html' }, signal: asked.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      take(new DOMParser().parseFromString(await answer.text(), 'text/html'));
      history.replaceState(null, '', address());
    } catch (error) {
      if (error.name !== 'AbortError') say('The preview cannot be renewed at the moment. Please try again.');
    }
  }

  function take(page) {
    for (const field of form.querySelectorAll('input')) {
      const invalid = page.getElementById(field.id).getAttribute('aria-invalid');
      if (invalid) field.setAttribute('aria-invalid', invalid);
      else field.removeAttribute('aria-invalid');
    }
    const found = page.getElementById('problems');
    // A screen reader speaks whatever is put there, so only news are.
    if (found.textContent !== problems.textContent) problems.replaceChildren(...found.childNodes);
    const badge = page.getElementById('result');
    if (badge.children.length > 0) {
      const focused = document.activeElement;
      result.replaceChildren(...badge.childNodes);
      addButtons();
      // Who was at a button that is gone is at the one in its place.
      if (focused.id && !focused.isConnected) document.getElementById(focused.id)?.focus();
    }
  }

  function say(text) {
    const item = document.createElement('li');
    item.textContent = text;
    problems.replaceChildren(item);
  }

  function addButtons() {
    for (const markup of result.querySelectorAll('.markup')) {
      const title = markup.querySelector('h3');
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = 'Copy';
      button.id = 'copy-' + title.id;
      // Its own text, which says whether something was copied, and of what.
      button.setAttribute('aria-labelledby', button.id + ' ' + title.id);
      button.addEventListener('click', () => copy(markup.querySelector('code'), button));
      title.after(button);
    }
  }

  async function copy(code, button) {
    let copied = true;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      // Without TLS a page has no clipboard: what is selected can be copied.
      getSelection().selectAllChildren(code);
      copied = document.execCommand('copy');
    }
    button.textContent = copied ? 'Copied' : 'Selected, not copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  }

  form.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(renew, 200);
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    renew();
  });
  addButtons();
})();
