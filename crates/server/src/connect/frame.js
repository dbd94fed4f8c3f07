// On the connect page, where an application's own page shows it in a frame: that page is told the code, and nobody else.
// `to` was checked by the server: it is one of the application's frame origins, and messages go to no other.
(function () {
  'use strict';

  function tell(end, to) {
    parent.postMessage({ type: 'trunnion.success', code: end.code, state: end.state === undefined ? null : end.state }, to);
  }

  var arrived = document.getElementById('arrived');
  var form = document.querySelector('form[data-session]');

  if (arrived && parent !== window) {
    tell(arrived.dataset, arrived.dataset.to);
  } else if (arrived) {
    // In a window of its own, because systems let themselves be put into no frame. The frame that opened it hands the code on;
    // if it is gone, the code takes the way that it takes without a frame.
    var end = arrived.dataset;
    addEventListener('message', function (event) {
      if (event.source === opener && event.origin === location.origin && event.data && event.data.type === 'trunnion.taken') {
        window.close();
      }
    });
    if (opener) {
      opener.postMessage({ type: 'trunnion.arrived', session: end.session, code: end.code, state: end.state }, location.origin);
    }
    setTimeout(function () { location.replace(end.address); }, opener ? 3000 : 0);
  } else if (form) {
    addEventListener('message', function (event) {
      var end = event.data;
      // Of this very session: nobody else's window may slip in another's code.
      if (event.origin !== location.origin || !end || end.type !== 'trunnion.arrived' || end.session !== form.dataset.session) {
        return;
      }
      event.source.postMessage({ type: 'trunnion.taken' }, location.origin);
      tell(end, form.dataset.to);
    });
  }
})();
