/** A building site's gate, drawn: sky, crane, hoarding, and one person without a helmet in the detector's box. */
export function drawPicture(atMs: number): string {
  const time = new Date(atMs + 8 * 3_600_000).toISOString().replace('T', ' ').slice(0, 19)
  const x = 480 + Math.round(60 * Math.sin(atMs / 20_000))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 540">
<defs><linearGradient id="s" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#8d9daa"/><stop offset="1" stop-color="#cdd3d3"/></linearGradient></defs>
<rect width="960" height="540" fill="url(#s)"/><path d="M0 330h960v210H0z" fill="#8c8375"/>
<path d="M90 360V120h150v240M290 360V170h180v190" fill="#9aa3a6" stroke="#6f797d" stroke-width="4"/>
<path d="M700 360V60M640 84h250M700 60l-60 24M700 60l150 24M850 84v90" stroke="#c9a227" stroke-width="7" fill="none"/>
<path d="M0 300h380v90H0zM600 300h360v90H600z" fill="#3f7f8f"/><path d="M0 300h380v12H0zM600 300h360v12H600z" fill="#dce4e4"/>
<path d="M380 390l-60 150h330l-50-150z" fill="#a39a8b"/>
<g transform="translate(${x} 330)"><circle cx="0" cy="0" r="15" fill="#5b4636"/><path d="M-18 20h36l6 62h-14l-4 62h-12v-62h-6l-4 62h-12l-2-62h-8z" fill="#d06a2c"/>
<rect x="-38" y="-28" width="76" height="180" fill="none" stroke="#ffd23f" stroke-width="4"/><rect x="-38" y="-54" width="150" height="26" fill="#ffd23f"/><text x="-32" y="-35" font-family="sans-serif" font-size="19">no-helmet 91%</text></g>
<text x="20" y="36" font-family="monospace" font-size="22" fill="#fff">CAM1  ${time}</text></svg>`
}
