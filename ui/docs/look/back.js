// The way back to the pages. Where the hub is that serves them, /config.js knows, which is beside the documentation wherever our program serves it.
const config = document.createElement("script");
config.src = "/config.js";
config.addEventListener("load", () => {
  const link = document.createElement("a");
  link.className = "md-header__button back";
  link.href = `${window.APP_CONFIG.appsBaseUrl}/`;
  link.textContent = "Dashboard";
  document.querySelector(".md-header__inner").append(link);
});
document.head.append(config);
