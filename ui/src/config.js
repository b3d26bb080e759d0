// Where everything is, for our pages and for apps. What nobody set follows from the address that this file came from, so that no page
// points at somebody else's server by itself.
(said => {
  const script = typeof document === "object" && document.currentScript;
  const from = new URL((script && script.src) || location.href);
  // A page from a file is at home on this machine.
  const host = from.hostname || "localhost";
  const secure = from.protocol === "https:";
  const besides = (scheme, port) => `${scheme}${secure ? "s" : ""}://${host}:${port}`;

  // Names that mean another machine to everybody else.
  const alone = /^(localhost|.+\.localhost|127\.[\d.]+|\[::1\])$/.test(host);
  const reached = (scheme, { port, lan }) => (alone ? lan : [host]).map(one => `${scheme}://${one}:${port}/`);

  const wsDefaultUrl = said.set.wsDefaultUrl || besides("ws", said.edge.port);
  const emulatorUrl = said.set.emulatorUrl || `${said.here === "emulator" ? from.origin : besides("http", said.emulator.port)}/`;
  const lanUrls = said.set.emulatorUrl ? [emulatorUrl] : reached(secure || said.tls ? "https" : "http", said.emulator);
  // Firmware speaks no TLS; an edge that does speaks plainly on the same port.
  const deviceUrls = said.set.wsDefaultUrl ? [wsDefaultUrl].filter(url => /^ws:/i.test(url)) : reached("ws", said.edge);

  globalThis.APP_CONFIG = {
    wsDefaultUrl,
    cdnBaseUrl: said.set.cdnBaseUrl || besides("http", said.cdn.port),
    appsBaseUrl: said.set.appsBaseUrl || (said.here === "dashboard" ? from.origin : besides("http", said.dashboard.port)),
    simulatorBaseUrl: said.set.simulatorBaseUrl || (said.here === "simulator" ? from.origin : besides("http", said.simulator.port)),
    monitorUrl: said.set.monitorUrl || `${said.here === "monitor" ? from.origin : besides("http", said.monitor.port)}/`,
    emulatorUrl,
    docsUrl: said.set.docsUrl || `${said.here === "docs" ? from.origin : besides("http", said.docs.port)}/`,
    qrUrl: lanUrls[0] || "",
    lanUrls,
    deviceUrl: deviceUrls[0] || "",
    version: said.version,
  };
})
