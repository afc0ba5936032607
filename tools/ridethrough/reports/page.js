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
    b.onclick = () => to(b.value === '0' ? 1 : zoom * Number(b.value), scroll.clientWidth / 2);
  scroll.addEventListener('wheel', e => {
    if (!e.ctrlKey) return;
    e.preventDefault();
    to(zoom * (e.deltaY < 0 ? 2 : .5), e.clientX - scroll.getBoundingClientRect().left);
  }, {passive: false});
}
