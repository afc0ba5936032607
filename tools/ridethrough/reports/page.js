for (const t of document.querySelectorAll('.timeline')) {
  let zoom = 1;
  const scroll = t.querySelector('.scroll'), plot = t.querySelector('.plot'), said = t.querySelector('output');
  const to = (z, at) => {
    const x = (scroll.scrollLeft + at) / plot.clientWidth;
    zoom = Math.min(512, Math.max(1, z));
    plot.style.setProperty('--zoom', zoom);
    scroll.scrollLeft = x * plot.clientWidth - at;
    said.textContent = zoom === 1 ? '' : zoom + ' times as wide';
  };
  for (const b of t.querySelectorAll('button'))
    b.onclick = () => b.value === 'copy' ? copy(t, said) : to(b.value === '0' ? 1 : zoom * Number(b.value), scroll.clientWidth / 2);
  scroll.addEventListener('wheel', e => {
    if (!e.ctrlKey) return;
    e.preventDefault();
    to(zoom * (e.deltaY < 0 ? 2 : .5), e.clientX - scroll.getBoundingClientRect().left);
  }, {passive: false});
}
function copy(t, said) {
  // labels and plot, as they are seen, in one drawing on white paper; then as a PNG, which every program takes
  const parts = [...t.querySelectorAll('svg.rt')], boxes = parts.map(p => p.getBoundingClientRect());
  const width = boxes[0].width + boxes[1].width + 40, height = Math.max(boxes[0].height, boxes[1].height);
  const style = [...document.styleSheets[0].cssRules].filter(r => r.selectorText && r.selectorText.startsWith('.rt')).map(r => r.cssText).join('');
  const inner = parts.map((p, i) => {
    const c = p.cloneNode(true);
    c.setAttribute('x', i ? boxes[0].width : 0);
    c.setAttribute('width', boxes[i].width);
    return new XMLSerializer().serializeToString(c);
  }).join('');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><style>${style}</style>` +
    `<rect width="100%" height="100%" fill="#fff"/>${inner}</svg>`;
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement('canvas');
    canvas.width = width * 2; canvas.height = height * 2;
    const pen = canvas.getContext('2d');
    pen.scale(2, 2); pen.drawImage(image, 0, 0);
    canvas.toBlob(async blob => {
      try {
        await navigator.clipboard.write([new ClipboardItem({'image/png': blob})]);
        said.textContent = 'copied';
      } catch (e) {
        // no clipboard for a page from disk: then as a file
        const a = document.createElement('a');
        a.href = URL.createObjectURL(blob); a.download = 'timeline.png'; a.click();
        said.textContent = 'saved as timeline.png';
      }
      t.dataset.copied = canvas.width + 'x' + canvas.height;
    });
  };
  image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(svg);
}
