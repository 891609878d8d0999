// A slider of ipywidgets has a label beside it that no screen reader connects with its handle, and its pictures have no
// alternative text (a tooltip, which would do, breaks them: ipywidgets 8.1).
function name(area) {
  for (const slider of area.querySelectorAll(".widget-slider")) {
    const label = slider.querySelector(".widget-label")?.textContent.trim();
    for (const handle of slider.querySelectorAll("[role=slider]")) {
      if (label) handle.setAttribute("aria-label", label);
    }
  }
  for (const picture of area.querySelectorAll("img.widget-image:not([alt])")) {
    picture.alt = "figure, described in the sentence below it";
  }
}

export default {
  render({ el }) {
    el.classList.add("lthedu-names"); // names.css shows it when the kernel is gone
    el.textContent = "This is how it stood. To move it again, run its cell.";
    let watched;
    const begin = () => {
      const area = el.closest(".jp-OutputArea") ?? document.body;
      name(area);
      watched = new MutationObserver(() => name(area)); // widgets beside this one may be drawn later
      watched.observe(area, { childList: true, subtree: true });
    };
    requestAnimationFrame(begin); // only then is it in the page
    return () => watched?.disconnect();
  },
};
