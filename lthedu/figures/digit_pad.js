// The browser's half of DigitPad (pad.py): draws the 784 bytes in `pixels`, and sends them back as they change.

const SIDE = 28;
const RADIUS = 1.35; // of the pen, in pixels; its rim is soft
const STEP = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const HELP =
  "Sheet to draw a digit on, 28 by 28 pixels. Arrow keys move the pen, Space puts it down or lifts it, Delete clears.";

function render({ model, el }) {
  const sheet = document.createElement("div");
  const canvas = document.createElement("canvas");
  const pen = document.createElement("div");
  const status = document.createElement("div");
  sheet.className = "lthedu-pad";
  sheet.tabIndex = 0;
  sheet.setAttribute("role", "application");
  sheet.setAttribute("aria-label", HELP);
  sheet.setAttribute("data-lm-suppress-shortcuts", "true"); // else the arrows would move between JupyterLab's cells
  canvas.width = canvas.height = SIDE;
  pen.className = "lthedu-pen";
  status.className = "lthedu-pad-status";
  status.setAttribute("role", "status");
  sheet.append(canvas, pen);
  el.append(sheet, status);

  const context = canvas.getContext("2d");
  let ink = new Uint8Array(SIDE * SIDE);
  let at = [SIDE / 2, SIDE / 4]; // where the pen is: column and row, pixel j reaches from j to j + 1
  let down = false; // whether the arrow keys draw
  let waiting = false; // whether the browser will send `pixels` soon

  function show() {
    const image = context.createImageData(SIDE, SIDE);
    ink.forEach((value, i) => image.data.set([255 - value, 255 - value, 255 - value, 255], 4 * i));
    context.putImageData(image, 0, 0);
    pen.style.left = `${(100 * at[0]) / SIDE}%`;
    pen.style.top = `${(100 * at[1]) / SIDE}%`;
    pen.classList.toggle("lthedu-down", down);
  }

  function tell(drawing) {
    const [column, row] = at.map((x) => Math.min(SIDE, Math.floor(x) + 1));
    const text = `pen ${drawing ? "down" : "up"}, row ${row}, column ${column}`;
    if (status.textContent !== text) status.textContent = text;
  }

  function receive() {
    const sent = model.get("pixels"); // a DataView, which may look into a larger buffer
    ink = new Uint8Array(sent.buffer.slice(sent.byteOffset, sent.byteOffset + sent.byteLength));
    show();
  }

  function send() {
    show();
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      model.set("pixels", new DataView(ink.slice().buffer));
      model.save_changes();
    });
  }

  function begin() {
    if (!model.get("label")) return; // a digit that somebody put there makes room for a drawing
    model.set("label", "");
    ink.fill(0);
  }

  function clear() {
    model.set("label", "");
    ink.fill(0);
    down = false;
    tell(down);
    send();
  }

  function dab([x, y]) {
    const near = (z) => [Math.max(0, Math.floor(z - 2)), Math.min(SIDE - 1, Math.ceil(z + 2))];
    const [[left, right], [top, bottom]] = [near(x), near(y)];
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const distance = Math.hypot(column + 0.5 - x, row + 0.5 - y);
        const value = Math.round(255 * Math.max(0, Math.min(1, RADIUS + 0.5 - distance)));
        const i = SIDE * row + column;
        ink[i] = Math.max(ink[i], value);
      }
    }
  }

  function move(to, drawing) {
    const from = at;
    at = to.map((x) => Math.max(0, Math.min(SIDE, x)));
    tell(drawing);
    if (!drawing) return show();
    begin();
    const dabs = Math.max(1, Math.ceil(2 * Math.hypot(at[0] - from[0], at[1] - from[1])));
    for (let k = 0; k <= dabs; k++) dab(at.map((x, axis) => from[axis] + (k / dabs) * (x - from[axis])));
    send();
  }

  function place(event) {
    const seen = canvas.getBoundingClientRect();
    return [(SIDE * (event.clientX - seen.left)) / seen.width, (SIDE * (event.clientY - seen.top)) / seen.height];
  }

  sheet.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault(); // no selecting of text, no dragging
    sheet.focus();
    sheet.setPointerCapture(event.pointerId);
    at = place(event);
    move(at, true);
  });
  sheet.addEventListener("pointermove", (event) => {
    if (sheet.hasPointerCapture(event.pointerId)) move(place(event), true);
  });
  sheet.addEventListener("lostpointercapture", () => tell(down));

  sheet.addEventListener("focus", () => tell(down));
  sheet.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in STEP) {
      move(at.map((x, axis) => x + STEP[event.key][axis]), down);
    } else if (event.key === " ") {
      down = !down;
      move(at, down);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      clear();
    } else {
      return; // Tab goes on to the next control
    }
    event.preventDefault();
    event.stopPropagation();
  });

  model.on("change:pixels", receive);
  receive();
  return () => model.off("change:pixels", receive);
}

export default { render };
